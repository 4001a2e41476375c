import type { SpokenWord } from '../../../client-sdk/protocol.ts';
import { wordsOf } from '../spread-words.ts';

/** How a transcript is written. */
export interface TranscriptForm {
  /** With punctuation and capitals, as the model writes; otherwise without either. */
  readonly punctuated: boolean;
  readonly replacements: readonly Replacement[];
}

/** What stands in place of a word or phrase. */
export interface Replacement {
  readonly pattern: RegExp;
  readonly by: string;
}

/** What was said in a stretch of audio. */
export interface Said {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Of the whole stretch; null where it is not known. */
  readonly confidence: number | null;
  /** Where the recogniser timed them. */
  readonly words?: readonly SpokenWord[];
}

/** A word of an alternative, in seconds. */
export interface Word {
  readonly word: string;
  readonly start: number;
  readonly end: number;
  readonly confidence: number;
  readonly punctuated_word?: string;
}

/** What was understood. */
export interface Alternative {
  readonly transcript: string;
  /** 0 where it is not known. */
  readonly confidence: number;
  readonly words: readonly Word[];
}

/** What encloses a word and is no part of it. */
const PUNCTUATION_AROUND = /^[^\p{L}\p{N}\p{M}\p{S}%&@#]+|[^\p{L}\p{N}\p{M}\p{S}%&@#]+$/gu;

/** Reads `find:replace`, or `find` for what is to be left out. */
export function readReplacement(pair: string): Replacement {
  const colon = pair.indexOf(':');
  const [find, by] = colon < 0 ? [pair, ''] : [pair.slice(0, colon), pair.slice(colon + 1)];
  const literal = find
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
    .join('\\s+');

  // An empty phrase would be found everywhere.
  return {
    pattern: literal === '' ? /(?!)/u : new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'giu'),
    by,
  };
}

/**
 * What was said as Deepgram writes it. Words that the recogniser did not time, or that took the place of others, get a share of
 * the stretch's time by their lengths, and its confidence.
 */
export function asAlternative(
  { text, startMs, endMs, confidence, words: heard }: Said,
  { punctuated, replacements }: TranscriptForm,
): Alternative {
  const replaced = replacements.reduce((now, { pattern, by }) => now.replace(pattern, () => by), text);
  const written = replaced.replace(/\s+/g, ' ').trim();
  const said = { text: written, startMs, endMs, ...(heard && replaced === text && { words: heard }) };
  const words = wordsOf(said).flatMap((timed): Word[] => {
    const word = plain(timed.text);
    if (word === '') return [];

    return [
      {
        word,
        start: timed.startMs / 1000,
        end: timed.endMs / 1000,
        confidence: timed.confidence ?? confidence ?? 0,
        ...(punctuated && { punctuated_word: timed.text }),
      },
    ];
  });
  const plainText = () =>
    written
      .split(' ')
      .map(plain)
      .filter((word) => word !== '')
      .join(' ');

  return {
    transcript: punctuated ? written : plainText(),
    confidence: written === '' ? 0 : (confidence ?? 0),
    words,
  };
}

function plain(word: string): string {
  return word.replace(PUNCTUATION_AROUND, '').toLowerCase();
}
