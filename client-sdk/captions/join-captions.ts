/** Characters of scripts that part no words by blanks, with the marks that belong to them. */
const UNPARTED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uff65]/u;

/** What is to stand between two pieces of text: a blank, but not beside a script that has none, nor beside nothing. */
export function blankBetween(before: string, after: string): '' | ' ' {
  const left = [...before.slice(-2)].at(-1) ?? ' ';
  const right = [...after.slice(0, 2)][0] ?? ' ';
  const needsNone = (character: string) => /\s/u.test(character) || UNPARTED.test(character);

  return needsNone(left) || needsNone(right) ? '' : ' ';
}

/** One text of several captions. Takes the time of its characters: looking at the end of all that is joined would take their square. */
export function joinCaptions(texts: readonly string[]): string {
  const pieces: string[] = [];
  let before = '';
  for (const text of texts) {
    if (text === '') continue;
    pieces.push(blankBetween(before, text), text);
    before = text;
  }

  return pieces.join('');
}
