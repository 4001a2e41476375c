import type { Edit } from './edit.ts';
import type { TextStage } from './text-stage.ts';

/** What stands in place of a masked word, however long that is. */
const MASK = '***';

/** What parts the words of a phrase, in a list and in a text: any of it for any. Asterisks stand for letters. */
const GAP = /(?!\*)[\s\p{P}]/u;
const GAP_MARK = ' ';
/** Scripts whose words are not parted by blanks, or carry endings: what is listed is masked inside words as well. */
const UNPARTED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /[\p{L}\p{N}\p{M}]/u;

/** A text as words are looked for in it: case and the kind of gaps do not count. */
interface Folded {
  /** One for each character or gap. */
  readonly marks: readonly string[];
  /** Where each begins in the text, and behind the last. */
  readonly places: readonly number[];
}

interface Node {
  readonly next: Map<string, Node>;
  isEnd: boolean;
}

/**
 * Words that nobody is to read, in the text of any language: whole words, and in scripts without blanks wherever they stand.
 * Matches that overlap become one. Masking a text again changes nothing.
 */
export class MaskList implements TextStage {
  readonly #tries: readonly Node[];

  private constructor(tries: readonly Node[]) {
    this.#tries = tries;
  }

  /** @param words in any case; what has no letter or digit is left out. */
  static of(words: readonly string[]): MaskList {
    return new MaskList([]).with(words);
  }

  get isEmpty(): boolean {
    return this.#tries.length === 0;
  }

  /** The same and further words; what is there is shared. */
  with(words: readonly string[]): MaskList {
    const root: Node = { next: new Map(), isEnd: false };
    for (const word of words) insert(root, word);

    return root.next.size === 0 ? this : new MaskList([...this.#tries, root]);
  }

  edits(text: string): readonly Edit[] {
    return this.#find(text).edits;
  }

  /** Up to where a masked word may have begun. */
  settled(text: string): number {
    return this.#find(text).settled;
  }

  #find(text: string): { readonly edits: readonly Edit[]; readonly settled: number } {
    const folded = fold(text);
    const { marks, places } = folded;
    const edits: Edit[] = [];
    let openFrom = marks.length;
    for (let from = 0; from < marks.length; from++) {
      if (!mayBegin(marks, from)) continue;
      let to = 0;
      for (const root of this.#tries) {
        const match = walk(root, marks, from);
        to = Math.max(to, match.to);
        if (match.isOpen) openFrom = Math.min(openFrom, from);
      }
      if (to === 0) continue;
      const [begin, end] = [places[from]!, places[to]!];
      const last = edits.at(-1);
      if (last && begin < last.to) edits[edits.length - 1] = { ...last, to: Math.max(last.to, end) };
      else edits.push({ from: begin, to: end, text: MASK });
    }
    let settled = places[openFrom]!;
    // What comes may be one with a match that reaches there.
    for (const { from, to } of edits) if (from < settled && to > settled) settled = from;

    return { edits, settled };
  }
}

function insert(root: Node, word: string): void {
  const { marks } = fold(word);
  const from = marks[0] === GAP_MARK ? 1 : 0;
  const to = marks.at(-1) === GAP_MARK ? marks.length - 1 : marks.length;
  let node = root;
  for (const mark of marks.slice(from, to)) {
    let next = node.next.get(mark);
    if (!next) {
      next = { next: new Map(), isEnd: false };
      node.next.set(mark, next);
    }
    node = next;
  }
  if (node !== root) node.isEnd = true;
}

function fold(text: string): Folded {
  const marks: string[] = [];
  const places: number[] = [];
  let at = 0;
  for (const character of text) {
    const mark = GAP.test(character) ? GAP_MARK : character.toLowerCase();
    if (mark !== GAP_MARK || marks.at(-1) !== GAP_MARK) {
      marks.push(mark);
      places.push(at);
    }
    at += character.length;
  }

  return { marks, places: [...places, at] };
}

/** Not in the middle of a word, where its script parts words. */
function mayBegin(marks: readonly string[], from: number): boolean {
  return marks[from] !== GAP_MARK && isEdge(marks[from - 1], marks[from]);
}

function isEdge(before: string | undefined, behind: string | undefined): boolean {
  if (before === undefined || behind === undefined) return true;
  if (UNPARTED.test(before) || UNPARTED.test(behind)) return true;

  return !WORD.test(before) || !WORD.test(behind);
}

/** The longest match from a place on: `to` is 0 where there is none, `isOpen` where the end of the text decides. */
function walk(
  root: Node,
  marks: readonly string[],
  from: number,
): { readonly to: number; readonly isOpen: boolean } {
  let node = root;
  let to = 0;
  for (let at = from; ; at++) {
    if (node.isEnd && isEdge(marks[at - 1], marks[at])) to = at;
    if (at === marks.length) return { to, isOpen: true };
    const next = node.next.get(marks[at]!);
    if (!next) return { to, isOpen: false };
    node = next;
  }
}
