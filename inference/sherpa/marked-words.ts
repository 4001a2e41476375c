import type { SpokenWord } from '../recognizer.ts';

const MARK = /[\p{P}\p{S}]/u;

/**
 * Words with the punctuation that their text was given afterwards: each mark goes with the word before it.
 * @param text what they say, with marks between.
 * @returns null when it says anything else, as where numbers were rewritten.
 */
export function withMarks(words: readonly SpokenWord[], text: string): readonly SpokenWord[] | null {
  const marked: SpokenWord[] = [];
  let rest = text.replace(/\s+/gu, '');
  let leading = '';
  for (const word of words) {
    // Marks stand before a word only where the text begins with them.
    for (; rest !== '' && !rest.startsWith(word.text) && MARK.test(first(rest)); rest = behindFirst(rest)) {
      const last = marked.pop();
      if (last) marked.push({ ...last, text: last.text + first(rest) });
      else leading += first(rest);
    }
    if (!rest.startsWith(word.text)) return null;
    rest = rest.slice(word.text.length);
    marked.push({ ...word, text: leading + word.text });
    leading = '';
  }
  const last = marked.pop();
  if (!last || !Array.from(rest).every((character) => MARK.test(character))) return null;

  return [...marked, { ...last, text: last.text + rest }];
}

function first(text: string): string {
  return String.fromCodePoint(text.codePointAt(0)!);
}

function behindFirst(text: string): string {
  return text.slice(first(text).length);
}
