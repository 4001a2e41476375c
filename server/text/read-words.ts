import type { HotWord } from '../../inference/recognizer.ts';
import { StreamError } from '../errors.ts';

/** Longest hot word or masked word. */
export const MAX_WORD_CHARACTERS = 64;
/** Most masked words of a stream, and of a meeting. */
export const MAX_MASKED_WORDS = 1000;
/** What a hot word's weight may be. */
export const WEIGHT_RANGE = [0.1, 10] as const;

/** Control and format characters, but for joiners, which belong to some scripts' words. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u;
const SPOKEN = /[\p{L}\p{N}]/u;

/**
 * Reads a list of hot words, each text or `{ text, weight }`. Of one that comes twice the first counts.
 * @param field its name, for messages, which name entries by their number: words are never told back.
 * @throws {StreamError} `bad-message` or `out-of-range`.
 */
export function readHotWords(value: unknown, most: number, field = 'hotWords'): readonly HotWord[] {
  const words = new Map<string, HotWord>();
  for (const [i, entry] of readList(value, most, field).entries()) {
    const { text, weight = 1 } = isFields(entry) ? entry : { text: entry };
    const [least, largest] = WEIGHT_RANGE;
    if (typeof weight !== 'number' || !(weight >= least && weight <= largest))
      throw new StreamError(
        'out-of-range',
        `The weight of ${field}[${i}] has to be from ${least} to ${largest}.`,
      );
    const word = readWord(text, `${field}[${i}]`);
    if (!words.has(word)) words.set(word, { text: word, weight });
  }

  return [...words.values()];
}

/** Reads a list of words to mask. @throws {StreamError} likewise. */
export function readMask(value: unknown, field = 'mask'): readonly string[] {
  const words = readList(value, MAX_MASKED_WORDS, field).map((word, i) => readWord(word, `${field}[${i}]`));

  return [...new Set(words)];
}

/** One spelling for what looks the same, single blanks, none around. @throws {StreamError} that names `field`. */
export function readWord(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new StreamError('bad-message', `${field} has to be text.`);
  const word = value
    .normalize('NFC')
    .replace(/[^\S\r\n]+/gu, ' ')
    .trim();
  if (word.length > MAX_WORD_CHARACTERS || UNPRINTABLE.test(word) || !SPOKEN.test(word))
    throw new StreamError(
      'out-of-range',
      `${field} has to be 1 to ${MAX_WORD_CHARACTERS} characters on one line, with a letter or digit among them.`,
    );

  return word;
}

function readList(value: unknown, most: number, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new StreamError('bad-message', `${field} has to be a list of words.`);
  if (value.length > most) throw new StreamError('out-of-range', `${field} has to be at most ${most} words.`);

  return value;
}

function isFields(value: unknown): value is { readonly text?: unknown; readonly weight?: unknown } {
  return typeof value === 'object' && value !== null;
}
