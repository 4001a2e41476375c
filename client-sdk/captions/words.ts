/** A word with its marks. Of scripts whose words are not parted by blanks each character counts as one. */
export const WORDS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]\p{P}*|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu;

/** The same with the blanks before it. */
const PIECES = new RegExp(`\\s*(?:${WORDS.source})`, 'gu');

/** The words of a text, each with the blanks before it: joined they are the text, but for blanks at its end. */
export function wordPieces(text: string): readonly string[] {
  return text.match(PIECES) ?? [];
}
