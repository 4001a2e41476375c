import type { Caption } from './conversation.ts';

/**
 * How calmly captions come: every word as it is heard, only words that have settled, or only finished captions.
 * People who read slowly, or in a second language, are disturbed by words that change.
 */
export const PACES = ['live', 'settled', 'finished'] as const;
export type Pace = (typeof PACES)[number];

/** What of a caption is shown: words that will stay, and words that may change. Their concatenation is the line. */
export interface ShownText {
  readonly settled: string;
  readonly tail: string;
}

const NOTHING: ShownText = { settled: '', tail: '' };

/** Scripts that put no blanks between words: they may be cut anywhere. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** Cuts a caption into what has settled and what has not, whole words each. */
export function shownText({ text, stableChars, isFinal }: Caption, pace: Pace): ShownText {
  if (isFinal) return { settled: text, tail: '' };
  if (pace === 'finished') return NOTHING;
  const cut = wordBoundary(text, stableChars);
  if (pace === 'settled') return { settled: text.slice(0, cut).trimEnd(), tail: '' };

  return { settled: text.slice(0, cut), tail: text.slice(cut) };
}

/** The last place up to `chars` where a word ends: half a word that changes colour is hard to read. */
function wordBoundary(text: string, chars: number): number {
  if (chars >= text.length) return text.length;
  let cut = chars;
  while (cut > 0 && !endsWord(text, cut)) cut--;

  return cut;
}

function endsWord(text: string, cut: number): boolean {
  const before = text[cut - 1]!;
  const after = text[cut]!;

  return /\s/.test(before) || /\s/.test(after) || UNSPACED.test(before) || UNSPACED.test(after);
}
