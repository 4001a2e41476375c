import { type Atom, atomsOf, joinAtoms } from './atoms.ts';
import { breakCost, endsSentence } from './phrases.ts';

/** How much is on the screen at a time. */
export interface CueLimits {
  readonly maxLines: number;
  /** Columns of a line; a Chinese, Japanese or Korean character takes two. */
  readonly maxChars: number;
}

/** What is on the screen at a time. */
export interface Cue {
  readonly lines: readonly string[];
  /** Where it stands in the text, in UTF-16 units: its first, and the one behind its last. */
  readonly from: number;
  readonly to: number;
}

/** Two lines of about 40 characters, as broadcasters have them. */
export const CUE_LIMITS: CueLimits = { maxLines: 2, maxChars: 40 };

/** What each cue costs, so that there are few. */
const CUE_COST = 10;
/** For a cue with the end of one sentence and the beginning of another that it does not end. */
const TORN_SENTENCE_COST = 5;
/** A cue with less than this is hardly worth reading, in columns; the cost for each that it lacks. */
const SHORT_CUE_COLUMNS = 15;
const SHORT_CUE_COST = 0.6;
/** How much cues of like length are preferred. */
const CUE_RAGGEDNESS = 3;
/** More than all else together: no more lines than are needed. */
const LINE_COST = 1000;
const LINE_RAGGEDNESS = 16;

/**
 * Divides a text into cues of whole lines: at the ends of sentences where possible, else of clauses, else anywhere but
 * behind words like "the"; lines of like length. Nothing of the text is left out but blanks.
 */
export function layoutCues(text: string, limits: Partial<CueLimits> = {}): Cue[] {
  const { maxLines, maxChars } = { ...CUE_LIMITS, ...limits };
  const atoms = atomsOf(text, maxChars);
  const widths = new Widths(atoms);
  const lineEnd = (from: number) => widths.reach(from, maxChars);
  const cueEnd = (from: number) => {
    let end = from;
    for (let line = 0; line < maxLines && end < atoms.length; line++) end = lineEnd(end);

    return end;
  };
  const capacity = maxLines * maxChars;
  const cues = partition(0, atoms.length, cueEnd, (from, to) => cueCost(atoms, widths, from, to, capacity));

  return cues.map(([from, to]) => {
    const fits = (begin: number) => Math.min(to, lineEnd(begin));
    const lines = partition(from, to, fits, (begin, end) =>
      lineCost(atoms, widths, begin, end, to, maxChars),
    );

    return {
      lines: lines.map(([begin, end]) => joinAtoms(atoms, begin, end)),
      from: atoms[from]!.from,
      to: atoms[to - 1]!.to,
    };
  });
}

function cueCost(atoms: readonly Atom[], widths: Widths, from: number, to: number, capacity: number): number {
  const columns = widths.between(from, to);
  const isLast = to === atoms.length;
  const ending = isLast ? 0 : breakCost(atoms[to - 1]!.text, atoms[to]!.text);
  let torn = 0;
  if (!isLast && !endsSentence(atoms[to - 1]!.text))
    for (let i = from; i < to - 1 && torn === 0; i++)
      if (endsSentence(atoms[i]!.text)) torn = TORN_SENTENCE_COST;
  const isWhole = isLast && from === 0;
  const short = isWhole ? 0 : Math.max(0, SHORT_CUE_COLUMNS - columns) * SHORT_CUE_COST;

  return CUE_COST + ending + torn + short + CUE_RAGGEDNESS * Math.max(0, 1 - columns / capacity) ** 2;
}

function lineCost(
  atoms: readonly Atom[],
  widths: Widths,
  from: number,
  to: number,
  end: number,
  maxChars: number,
): number {
  const ending = to === end ? 0 : breakCost(atoms[to - 1]!.text, atoms[to]!.text);

  return LINE_COST + ending + LINE_RAGGEDNESS * (widths.between(from, to) / maxChars) ** 2;
}

/** Columns of stretches of atoms. */
class Widths {
  readonly #atoms: readonly Atom[];
  /** Of all atoms before each, blanks before them included. */
  readonly #before: number[] = [0];

  constructor(atoms: readonly Atom[]) {
    this.#atoms = atoms;
    for (const { width, spaced } of atoms) this.#before.push(this.#before.at(-1)! + width + (spaced ? 1 : 0));
  }

  between(from: number, to: number): number {
    return this.#before[to]! - this.#before[from]! - (this.#atoms[from]?.spaced ? 1 : 0);
  }

  /** The end of the longest line from there; at least one atom. */
  reach(from: number, maxWidth: number): number {
    let to = from + 1;
    while (to < this.#atoms.length && this.between(from, to + 1) <= maxWidth) to++;

    return to;
  }
}

/**
 * The cheapest way to divide a stretch into pieces, each from `from` to at most `reach(from)` (dynamic programming, as for
 * paragraphs in D. Knuth and M. Plass, "Breaking paragraphs into lines", 1981).
 */
function partition(
  begin: number,
  end: number,
  reach: (from: number) => number,
  cost: (from: number, to: number) => number,
): (readonly [number, number])[] {
  const best: { cost: number; to: number }[] = [];
  best[end] = { cost: 0, to: end };
  for (let from = end - 1; from >= begin; from--) {
    let cheapest = { cost: Number.POSITIVE_INFINITY, to: end };
    for (let to = reach(from); to > from; to--) {
      const total = cost(from, to) + best[to]!.cost;
      if (total < cheapest.cost) cheapest = { cost: total, to };
    }
    best[from] = cheapest;
  }
  const pieces: (readonly [number, number])[] = [];
  for (let from = begin; from < end; from = best[from]!.to) pieces.push([from, best[from]!.to]);

  return pieces;
}
