import { LlamaTokenizer } from 'llama-tokenizer-js';
import { normalizeWords } from '../word-error-rate.ts';
import { PROPER_NAMES } from './proper-names.ts';

/** Shorter words are left out: they sound like too many others. */
const MIN_LETTERS = 5;
/** What `normalizeWords` writes for Mr and Mrs. */
const TITLES: readonly string[] = ['mister', 'missus'];

/**
 * Words frequent enough to have become one piece of Llama's vocabulary, which was learned from what is written on the
 * web: about 10,800, in lower case.
 */
const FREQUENT: ReadonlySet<string> = new Set(
  new LlamaTokenizer().vocabById.flatMap((piece) => /^▁([A-Za-z']+)$/.exec(piece)?.[1]?.toLowerCase() ?? []),
);

/** Whether a word, in lower case, is one that people would put on a list: long, and not frequent nor the plural of such. */
export function isRare(word: string): boolean {
  return (
    word.length >= MIN_LETTERS &&
    /^[a-z]+$/.test(word) &&
    !TITLES.includes(word) &&
    !FREQUENT.has(word) &&
    !(word.endsWith('s') && FREQUENT.has(word.slice(0, -1)))
  );
}

/** The rare words of references, each once, in the order in which they come. */
export function rareWords(references: readonly string[]): readonly string[] {
  return [...new Set(references.flatMap(normalizeWords).filter(isRare))];
}

/** A word as it is put on the list. */
export function written(word: string): string {
  return PROPER_NAMES.has(word) ? word[0]!.toUpperCase() + word.slice(1) : word;
}

/** Names of countries and languages in English, of one word each, that are rare. */
export function namesOfTheWorld(): readonly string[] {
  const regions = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const languages = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const pairs = letters.flatMap((first) => letters.map((second) => first + second));
  const triples = pairs.flatMap((pair) => letters.map((third) => pair + third));
  const names = [
    ...pairs.map((code) => regions.of(code.toUpperCase())),
    ...[...pairs, ...triples].map((code) => languages.of(code)),
  ];

  return [...new Set(names.filter((name) => name !== undefined))].filter(
    (name) => /^[A-Z][a-z]+$/.test(name) && isRare(name.toLowerCase()),
  );
}
