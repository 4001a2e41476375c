/** What a text is found by, and where it stands. */
export interface Term {
  readonly term: string;
  /** UTF-16 units of the text. */
  readonly start: number;
  readonly end: number;
}

/** Longer words are told apart by their beginnings only: databases have bounds of their own. */
const MAX_TERM_CHARACTERS = 64;

/** Nobody says more in one caption. */
const MAX_TERMS = 10_000;

/** A character and what is written onto it. */
const CLUSTERS = /\P{M}\p{M}*|\p{M}+/gu;
const ASCII_WORDS = /[a-z0-9]+/g;
const ONLY_ASCII = /^[\0-\x7f]*$/;
const MARK = /\p{M}/u;
const IN_WORD = /[\p{L}\p{N}]/u;
/** Scripts that put no blanks between words. */
const ALONE =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]/u;

/**
 * The terms of a text in their order: words, as runs of letters and digits, and each character by itself of the scripts
 * that put no blanks between words. Everything else only divides. What is spelled differently but read alike is one term:
 * compatibility forms (Unicode's NFKC) and cases are not told apart; accents are.
 *
 * All stores index what this returns, so that a search means the same in each. Changed, it would no longer find what has
 * been indexed before.
 */
export function termsOf(text: string): readonly Term[] {
  return (ONLY_ASCII.test(text) ? asciiTerms(text) : allTerms(text)).slice(0, MAX_TERMS);
}

/** What a text is found by, between blanks: one form for all stores. */
export function indexText(text: string): string {
  return termsOf(text)
    .map(({ term }) => term)
    .join(' ');
}

function asciiTerms(text: string): readonly Term[] {
  const found = text.toLowerCase().matchAll(ASCII_WORDS);

  return Array.from(found, ({ 0: word, index }) => ({
    term: word.slice(0, MAX_TERM_CHARACTERS),
    start: index,
    end: index + word.length,
  }));
}

interface OpenTerm {
  letters: string;
  /** Whether further letters are terms of their own. */
  readonly isAlone: boolean;
  readonly start: number;
  end: number;
}

function allTerms(text: string): readonly Term[] {
  const terms: Term[] = [];
  let open: OpenTerm | null = null;
  const close = () => {
    if (open) terms.push({ term: spell(open.letters), start: open.start, end: open.end });
    open = null;
  };
  const append = (letter: string, start: number, end: number) => {
    const isAlone = ALONE.test(letter);
    if (!open || open.isAlone || isAlone) {
      close();
      open = { letters: letter, isAlone, start, end };
    } else {
      open.letters += letter;
      open.end = end;
    }
  };
  for (const { 0: cluster, index } of text.matchAll(CLUSTERS)) {
    const end = index + cluster.length;
    for (const character of foldCase(cluster.normalize('NFKC'))) {
      // Not `open` itself, which TypeScript takes for null here.
      const word = open as OpenTerm | null;
      if (MARK.test(character)) {
        if (word) Object.assign(word, { letters: word.letters + character, end });
      } else if (IN_WORD.test(character)) append(character, index, end);
      else close();
    }
  }
  close();

  return terms;
}

/** Letter by letter: what a letter becomes must not depend on what comes before, or beginnings of words would not be found. */
function foldCase(text: string): string {
  return Array.from(text, (letter) =>
    Array.from(letter.toUpperCase(), (each) => each.toLowerCase()).join(''),
  ).join('');
}

function spell(letters: string): string {
  return Array.from(letters.normalize('NFKC')).slice(0, MAX_TERM_CHARACTERS).join('');
}
