/** A word, and where it may lie. */
export interface SpreadWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** Scripts whose words are not parted by blanks: each character counts as one. */
const WORDS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]\p{P}*|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu;

/**
 * Spreads a caption's words over its time, each getting a share by its characters. These are no measured times: the
 * recogniser gives none within a segment. Whoever passes them on has to say so.
 */
export function spreadWords(text: string, startMs: number, endMs: number): readonly SpreadWord[] {
  const words = text.match(WORDS) ?? [];
  // A pause goes with every word, so that short ones get some time.
  const total = words.reduce((sum, word) => sum + word.length + 1, 0);
  let before = 0;

  return words.map((word) => {
    const from = before;
    before += word.length + 1;
    const at = (share: number) => Math.round(startMs + ((endMs - startMs) * share) / total);

    return { text: word, startMs: at(from), endMs: at(before) };
  });
}
