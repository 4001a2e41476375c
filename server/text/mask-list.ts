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

/** A character with what is written over it; joiners and other format characters go with the one before. */
const UNIT = /[^\p{M}\p{Cf}][\p{M}\p{Cf}]*|[\p{M}\p{Cf}]+/gu;
const UNSEEN = /\p{Cf}/gu;
/** Between characters of these scripts blanks part nothing: some models write them there. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const BLANK = /^\s+$/u;

/** A text as words are looked for in it: neither case nor width counts, nor the kind of gaps, nor what cannot be seen. */
interface Folded {
  /** One for each character or gap. */
  readonly marks: readonly string[];
  /** Where each begins in the text, and behind the last. */
  readonly places: readonly number[];
  /** Where each ends: a gap that does not count may lie between it and the next. */
  readonly ends: readonly number[];
}

interface Node {
  next: Map<string, Node> | null;
  isEnd: boolean;
  /** What the only word that goes on from here goes on with: a node for each of its marks would take ten times the memory. */
  tail: readonly string[] | null;
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
    const root: Node = { next: new Map(), isEnd: false, tail: null };
    for (const word of words) insert(root, inner(fold(word).marks));

    return root.next!.size === 0 ? this : new MaskList([...this.#tries, root]);
  }

  /** What either holds; both are shared. */
  and(other: MaskList): MaskList {
    if (other.isEmpty) return this;

    return this.isEmpty ? other : new MaskList([...this.#tries, ...other.#tries]);
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
    const { marks, places, ends } = folded;
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
      const [begin, end] = [places[from]!, ends[to - 1]!];
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

/** Without gaps around. */
function inner(marks: readonly string[]): readonly string[] {
  return marks.slice(
    marks[0] === GAP_MARK ? 1 : 0,
    marks.at(-1) === GAP_MARK ? marks.length - 1 : marks.length,
  );
}

function insert(root: Node, marks: readonly string[]): void {
  let node = root;
  for (const [at, mark] of marks.entries()) {
    if (node.tail) {
      const [first, ...rest] = node.tail;
      node.next = new Map([[first!, leaf(rest)]]);
      node.tail = null;
    }
    const next = node.next?.get(mark);
    if (!next) {
      node.next ??= new Map();
      node.next.set(mark, leaf(marks.slice(at + 1)));

      return;
    }
    node = next;
  }
  if (node !== root) node.isEnd = true;
}

function leaf(rest: readonly string[]): Node {
  return { next: null, isEnd: rest.length === 0, tail: rest.length === 0 ? null : rest };
}

function fold(text: string): Folded {
  const marks: string[] = [];
  const places: number[] = [];
  const ends: number[] = [];
  const push = (mark: string, from: number, to: number) => {
    marks.push(mark);
    places.push(from);
    ends.push(to);
  };
  let at = 0;
  let gapFrom = -1;
  /** @param next what stands behind the gap; null at the end of the text, where more may come. */
  const closeGap = (next: string | null) => {
    if (gapFrom < 0) return;
    const before = marks.at(-1) ?? '';
    const parts =
      !UNSPACED.test(before) ||
      (next !== null && !UNSPACED.test(next)) ||
      !BLANK.test(text.slice(gapFrom, at));
    if (parts) push(GAP_MARK, gapFrom, at);
    gapFrom = -1;
  };
  for (const [unit] of text.matchAll(UNIT)) {
    const mark = GAP.test(unit) ? GAP_MARK : markOf(unit);
    if (mark === GAP_MARK) gapFrom = gapFrom < 0 ? at : gapFrom;
    else if (mark !== '') {
      closeGap(mark);
      push(mark, at, at + unit.length);
    }
    at += unit.length;
  }
  closeGap(null);

  return { marks, places: [...places, at], ends };
}

/** Capitals there and back: two small letters may share one. */
function markOf(unit: string): string {
  if (unit.length === 1 && unit < '\u0080') return unit.toLowerCase();

  return unit.replace(UNSEEN, '').normalize('NFKC').toLowerCase().toUpperCase().toLowerCase();
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
    if (node.tail) return walkTail(node.tail, marks, at, to);
    const next = node.next?.get(marks[at]!);
    if (!next) return { to, isOpen: false };
    node = next;
  }
}

function walkTail(
  tail: readonly string[],
  marks: readonly string[],
  from: number,
  before: number,
): { readonly to: number; readonly isOpen: boolean } {
  const end = from + tail.length;
  for (let at = from; at < Math.min(end, marks.length); at++)
    if (marks[at] !== tail[at - from]) return { to: before, isOpen: false };
  if (end > marks.length) return { to: before, isOpen: true };

  return { to: isEdge(marks[end - 1], marks[end]) ? end : before, isOpen: end === marks.length };
}
