import { blankBetween } from '../../client-sdk/captions/join-captions.ts';
import { WORDS } from '../../client-sdk/captions/words.ts';

/** What may stand behind a word that is complete: nothing, or punctuation and then a blank or nothing. */
const WORD_END = /^\p{P}*(\s|$)/u;
/** Scripts that put no blanks between words. */
const BLANKLESS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
/** Words with the blanks before them. */
const SPACED_WORDS = new RegExp(`\\s*(?:${WORDS.source})`, 'gu');

/**
 * The text of one segment for clients that can only append: it grows by whole words, and never takes anything back. When the
 * recogniser comes to think otherwise of what was told, it goes on behind the words that correspond to it.
 */
export class DeltaText {
  #told = '';

  /** @param text what holds now. @returns what to append, or '' where nothing is to be. */
  extend(text: string): string {
    const delta = this.#behind(text);
    this.#told += delta;

    return delta;
  }

  #behind(text: string): string {
    if (text.startsWith(this.#told)) {
      const rest = text.slice(this.#told.length);
      if (isBoundary(this.#told, rest)) return rest;
    }
    const words = wordsOf(text);
    const rest = words
      .slice(correspondingWords(wordsOf(this.#told), words))
      .join('')
      .trimStart();

    return rest === '' ? '' : blankBetween(this.#told, rest) + rest;
  }
}

function isBoundary(told: string, rest: string): boolean {
  if (told === '' || WORD_END.test(rest)) return true;

  return BLANKLESS.test(told.at(-1)!) || BLANKLESS.test(rest[0]!);
}

function wordsOf(text: string): readonly string[] {
  return text.match(SPACED_WORDS) ?? [];
}

/**
 * How many words at the beginning of `words` are what `told` has become: those that it takes the fewest changes to come to
 * (Levenshtein), and of several such numbers the one nearest to as many as were told.
 */
function correspondingWords(told: readonly string[], words: readonly string[]): number {
  const [before, now] = [told.map(bare), words.map(bare)];
  let row = Array.from({ length: now.length + 1 }, (_, i) => i);
  for (const [i, word] of before.entries()) {
    const next = [i + 1];
    for (const [j, other] of now.entries())
      next.push(Math.min(row[j]! + (word === other ? 0 : 1), row[j + 1]! + 1, next[j]! + 1));
    row = next;
  }
  const fewest = Math.min(...row);
  const distance = (count: number) => Math.abs(count - before.length);

  return row.reduce(
    (best, changes, count) => (changes === fewest && distance(count) < distance(best) ? count : best),
    row.indexOf(fewest),
  );
}

/** A word without what punctuation and capitals make of it. */
function bare(word: string): string {
  return word.replaceAll(/[\s\p{P}]/gu, '').toLowerCase();
}
