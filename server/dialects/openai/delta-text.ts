/** What may stand behind a word that is complete: nothing, or punctuation and then a blank or nothing. */
const WORD_END = /^\p{P}*(\s|$)/u;
/** Scripts that put no blanks between words. */
const BLANKLESS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * The text of one segment for clients that can only append: it grows by whole words, and never takes anything back. When the
 * recogniser comes to think otherwise, it stands still until what is told goes on from it again.
 */
export class DeltaText {
  #told = '';

  /** @returns what to append to come to `text`, or '' where that cannot be. */
  extend(text: string): string {
    if (!text.startsWith(this.#told)) return '';
    const rest = text.slice(this.#told.length);
    if (rest === '' || !isBoundary(this.#told, rest)) return '';
    this.#told = text;

    return rest;
  }
}

function isBoundary(told: string, rest: string): boolean {
  return told === '' || WORD_END.test(rest) || BLANKLESS.test(told.at(-1)!) || BLANKLESS.test(rest[0]!);
}
