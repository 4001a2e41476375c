import type { SpokenWord } from '../../inference/recognizer.ts';

/** Something that stands in place of a stretch of a text; an insertion where `from` is `to`. In UTF-16 units. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** A text with its edits made. @param edits in their order; they do not overlap. */
export function edited(text: string, edits: readonly Edit[]): string {
  let made = '';
  let at = 0;
  for (const edit of edits) {
    made += text.slice(at, edit.from) + edit.text;
    at = edit.to;
  }

  return made + text.slice(at);
}

/**
 * The same edits in the words of the text. What an edit touches becomes one word, from the first one's beginning to the last
 * one's end and as sure as they are on average; where there are blanks in it, several that share that time by their lengths.
 * @param words all of the text but its blanks.
 * @returns null where they are anything else: nobody can tell then which of them are edited.
 */
export function editedWords(
  words: readonly SpokenWord[],
  text: string,
  edits: readonly Edit[],
): readonly SpokenWord[] | null {
  const places = placesOf(words, text);
  if (!places) return null;
  if (edits.length === 0) return words;
  const made: SpokenWord[] = [];
  let next = 0;
  for (let i = 0; i < words.length; ) {
    const first = i;
    let { from, to } = places[i]!;
    const inside: Edit[] = [];
    // An edit may reach into further words, and these may have further edits.
    for (;;) {
      const edit = edits[next];
      // What is inserted behind the last word belongs to it.
      if (edit && (edit.from < to || (edit.from === to && (edit.to === to || i === words.length - 1)))) {
        inside.push(edit);
        from = Math.min(from, edit.from);
        next++;
        while (i + 1 < words.length && places[i + 1]!.from < edit.to) to = places[++i]!.to;
      } else break;
    }
    i++;
    const taken = words.slice(first, i);
    if (inside.length === 0) made.push(...taken);
    else {
      const shifted = inside.map((edit) => ({ ...edit, from: edit.from - from, to: edit.to - from }));
      made.push(...shared(edited(text.slice(from, to), shifted), taken));
    }
  }

  return made;
}

/** Where each word stands; null where they are not all of the text but its blanks. */
function placesOf(
  words: readonly SpokenWord[],
  text: string,
): readonly { readonly from: number; readonly to: number }[] | null {
  let at = 0;
  const places: { from: number; to: number }[] = [];
  for (const word of words) {
    while (at < text.length && /\s/u.test(text[at]!)) at++;
    const from = at;
    // A word of some models has a blank inside.
    for (const character of word.text) {
      if (/\s/u.test(character)) continue;
      while (at < text.length && /\s/u.test(text[at]!)) at++;
      if (!text.startsWith(character, at)) return null;
      at += character.length;
    }
    places.push({ from, to: at });
  }

  return text.slice(at).trim() === '' ? places : null;
}

function shared(text: string, words: readonly SpokenWord[]): readonly SpokenWord[] {
  const pieces = text.split(/\s+/u).filter((piece) => piece !== '');
  const { startMs } = words[0]!;
  const { endMs } = words.at(-1)!;
  const sure = words.flatMap(({ confidence }) => confidence ?? []);
  const confidence = sure.reduce((sum, each) => sum + each, 0) / sure.length;
  const characters = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let before = 0;
  const timeAt = (character: number) => startMs + ((endMs - startMs) * character) / characters;

  return pieces.map((piece) => {
    const from = timeAt(before);
    before += piece.length;

    return { text: piece, startMs: from, endMs: timeAt(before), ...(sure.length > 0 && { confidence }) };
  });
}
