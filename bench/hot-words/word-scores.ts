import { normalizeWords } from '../word-error-rate.ts';
import { alignWords } from './aligned-words.ts';

/** A clip as it was heard without hot words and with them. */
export interface HeardTwice {
  readonly reference: string;
  readonly plain: string;
  readonly mended: string;
  /** Time of the processor. */
  readonly plainMs: number;
  readonly mendedMs: number;
}

/** Counts over clips. */
export interface Tally {
  /** Listed words that were said, and those of them that were heard. */
  listed: number;
  heard: number;
  /** Other words that were said, and errors in them: what was heard too much counts as one. */
  others: number;
  otherErrors: number;
}

/** What hot words did. Shares are from 0 to 1, rates in percent. */
export interface HotWordScore {
  readonly clips: number;
  /** Listed words that were said. */
  readonly listed: number;
  /** Of these, heard without hot words and with them. */
  readonly recallPlain: number;
  readonly recall: number;
  /** The same, only on clips in which one was not heard without hot words. */
  readonly clipsWithMissed: number;
  readonly recallPlainWhereMissed: number;
  readonly recallWhereMissed: number;
  /** Not heard without hot words, and how many of them were with them; heard without, and lost with them. */
  readonly missed: number;
  readonly recovered: number;
  readonly lost: number;
  /** Error rate of all other words. */
  readonly elsewherePlain: number;
  readonly elsewhere: number;
  /** Error rate of all words. */
  readonly allPlain: number;
  readonly all: number;
  /** Clips without a listed word, and listed words that were put into them. */
  readonly clipsWithoutListed: number;
  readonly putIntoThose: number;
  /** Mean time of the processor for a clip without hot words, and what they add. */
  readonly plainMs: number;
  readonly addedMs: number;
}

/** @param isListed whether a word, in lower case, is on the list. */
export function scoreHotWords(
  clips: readonly HeardTwice[],
  isListed: (word: string) => boolean,
): HotWordScore {
  const scored = clips.map((clip) => {
    const plain = tally([pairsOf(clip.reference, clip.plain)], isListed);

    return { clip, plain, mended: tally([pairsOf(clip.reference, clip.mended)], isListed) };
  });
  const plain = add(scored.map((each) => each.plain));
  const mended = add(scored.map((each) => each.mended));
  const missing = scored.filter((each) => each.plain.heard < each.plain.listed);
  const without = scored.filter((each) => each.plain.listed === 0);
  const changes = scored.map((each) => each.mended.heard - each.plain.heard);

  return {
    clips: clips.length,
    listed: plain.listed,
    recallPlain: plain.heard / plain.listed,
    recall: mended.heard / mended.listed,
    clipsWithMissed: missing.length,
    recallPlainWhereMissed: recall(missing.map((each) => each.plain)),
    recallWhereMissed: recall(missing.map((each) => each.mended)),
    missed: plain.listed - plain.heard,
    recovered: changes.reduce((sum, change) => sum + Math.max(0, change), 0),
    lost: changes.reduce((sum, change) => sum + Math.max(0, -change), 0),
    elsewherePlain: (100 * plain.otherErrors) / plain.others,
    elsewhere: (100 * mended.otherErrors) / mended.others,
    allPlain: errorRate(plain),
    all: errorRate(mended),
    clipsWithoutListed: without.length,
    putIntoThose: without.reduce((sum, { clip }) => sum + countListed(clip, isListed), 0),
    plainMs: mean(clips.map(({ plainMs }) => plainMs)),
    addedMs: mean(clips.map(({ plainMs, mendedMs }) => mendedMs - plainMs)),
  };
}

function pairsOf(reference: string, text: string) {
  return alignWords(normalizeWords(reference), normalizeWords(text));
}

function tally(clips: readonly ReturnType<typeof pairsOf>[], isListed: (word: string) => boolean): Tally {
  const counts: Tally = { listed: 0, heard: 0, others: 0, otherErrors: 0 };
  for (const { said, heard } of clips.flat()) {
    if (said !== null && isListed(said)) {
      counts.listed++;
      if (said === heard) counts.heard++;
    } else {
      if (said !== null) counts.others++;
      if (said !== heard) counts.otherErrors++;
    }
  }

  return counts;
}

function add(tallies: readonly Tally[]): Tally {
  const total = (field: keyof Tally) => tallies.reduce((sum, each) => sum + each[field], 0);

  return {
    listed: total('listed'),
    heard: total('heard'),
    others: total('others'),
    otherErrors: total('otherErrors'),
  };
}

function recall(tallies: readonly Tally[]): number {
  const { listed, heard } = add(tallies);

  return heard / listed;
}

function errorRate({ listed, heard, others, otherErrors }: Tally): number {
  return (100 * (listed - heard + otherErrors)) / (listed + others);
}

/** Listed words that are in a clip with hot words and were not without them. */
function countListed({ plain, mended }: HeardTwice, isListed: (word: string) => boolean): number {
  const count = (text: string) => normalizeWords(text).filter(isListed).length;

  return Math.max(0, count(mended) - count(plain));
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
