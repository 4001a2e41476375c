/** A word of a text, in small letters, and where it stands. */
export interface Word {
  readonly word: string;
  readonly from: number;
  readonly to: number;
}

/** Letters with apostrophes inside, and the two abbreviations of times that are written with points. */
const WORDS = /\b[ap]\.\s?m\b\.?|\p{L}+(?:['’]\p{L}+)*/giu;
/** What may stand within a number. */
const JOINT = /^(\s+|-)$/u;
const BEFORE_DIGITS = /^[\s-]?[\d$€]/u;

/** The words of a text, and whether anything was asked of what may come behind it. */
export class WordCursor {
  readonly words: readonly Word[];
  readonly #text: string;
  /** Whether the text ends with a word, so that more may belong to it. */
  readonly #isOpen: boolean;
  /** Where is being looked: what parts this word from the one before it does not matter. */
  start = 0;
  /** Whether an answer could be another one if the text went on; set by `at`, cleared by whoever wants to know. */
  askedBeyond = false;

  constructor(text: string) {
    this.#text = text;
    this.words = [...text.matchAll(WORDS)].map(({ 0: word, index }) => ({
      word: /^[ap]\./iu.test(word) ? `${word[0]!.toLowerCase()}m` : word.toLowerCase().replaceAll('’', "'"),
      from: index,
      to: index + word.length,
    }));
    this.#isOpen = text.slice(this.words.at(-1)?.to ?? 0).trim() === '';
  }

  /** The word at an index, if nothing but a blank or a hyphen parts it from the one before it; else null. */
  at(index: number): string | null {
    const word = this.words[index];
    if (!word) {
      if (this.#isOpen) this.askedBeyond = true;

      return null;
    }

    return index === this.start || index === 0 || this.isJoined(index) ? word.word : null;
  }

  /** Whether digits stand where the word at an index would, right behind the one before it. */
  hasDigitsAt(index: number): boolean {
    const before = this.words[index - 1];

    return before !== undefined && BEFORE_DIGITS.test(this.#text.slice(before.to, before.to + 2));
  }

  /** Whether nothing but a blank or a hyphen parts a word from the one before it. */
  isJoined(index: number): boolean {
    const [before, word] = [this.words[index - 1], this.words[index]];

    return before !== undefined && word !== undefined && JOINT.test(this.#text.slice(before.to, word.from));
  }
}
