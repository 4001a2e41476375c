import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { type Term, termsOf } from './terms.ts';

/** Terms that stand next to each other, in this order. */
export interface Phrase {
  /** At least one. */
  readonly terms: readonly string[];
  /** Whether the last term is the beginning of one. */
  readonly isPrefix: boolean;
}

/** What is looked for: each of these. Nothing is found by none. */
export type Search = readonly Phrase[];

/** A stretch of a text, in UTF-16 units: from, to. */
export type Mark = readonly [start: number, end: number];

/** Which finals are looked for: the newest of those that all of this holds for. */
export interface SearchQuery {
  /** As somebody typed it; `readSearch` says what it means. */
  readonly text: string;
  readonly meeting?: string;
  /** At least 1; a page has no more than `MAX_HITS_PER_PAGE`, whatever this says. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: number;
}

/** A final that was found. */
export interface SearchHit {
  readonly caption: FinalMessage;
  /** Where in its text, in their order; none overlaps another. */
  readonly marks: readonly Mark[];
}

/** Finals that were found, those stored last first; one that was replaced counts from when it was there first. */
export interface SearchPage {
  readonly hits: readonly SearchHit[];
  /** Where the next page begins; null when this is the last. */
  readonly next: number | null;
}

/** Hits in one page. */
export const MAX_HITS_PER_PAGE = 100;

/** What blanks divide, or quotation marks hold together. */
const PIECES = /"([^"]*)"?|[^\s"]+/gu;
/** Shorter ones would be the beginnings of too much. */
const LEAST_PREFIX_CHARACTERS = 2;

/**
 * What a search means: all that blanks divide has to be in a text, anywhere. What is written without a blank, as Chinese is,
 * or within quotation marks, has to stand together. The last word may be the beginning of one, because it is still being
 * typed: unless a blank or a quotation mark follows.
 */
export function readSearch(text: string): Search {
  const phrases: Phrase[] = [];
  for (const { 0: piece, 1: quoted, index } of text.matchAll(PIECES)) {
    const terms = termsOf(quoted ?? piece).map(({ term }) => term);
    if (terms.length === 0) continue;
    const isOpen = quoted === undefined && index + piece.length === text.length;
    phrases.push({ terms, isPrefix: isOpen && Array.from(terms.at(-1)!).length >= LEAST_PREFIX_CHARACTERS });
  }

  return phrases;
}

/** Whether a search finds a text. @param indexed its `indexText`. */
export function isFound(indexed: string, search: Search): boolean {
  const padded = ` ${indexed} `;

  return (
    search.length > 0 &&
    search.every(({ terms, isPrefix }) => padded.includes(` ${terms.join(' ')}${isPrefix ? '' : ' '}`))
  );
}

/** A final that a search found. @returns null when it has not. */
export function hitOf(caption: FinalMessage, search: Search): SearchHit | null {
  const terms = termsOf(caption.text);
  const marks: Mark[] = [];
  for (const phrase of search) {
    const found = occurrences(terms, phrase);
    if (found.length === 0) return null;
    marks.push(...found);
  }

  return marks.length > 0 ? { caption, marks: merge(marks) } : null;
}

function occurrences(terms: readonly Term[], phrase: Phrase): readonly Mark[] {
  const last = phrase.terms.length - 1;
  const marks: Mark[] = [];
  for (let at = 0; at + last < terms.length; at++) {
    const isHere = phrase.terms.every((wanted, i) => {
      const { term } = terms[at + i]!;

      return i === last && phrase.isPrefix ? term.startsWith(wanted) : term === wanted;
    });
    if (isHere) marks.push([terms[at]!.start, terms[at + last]!.end]);
  }

  return marks;
}

function merge(marks: readonly Mark[]): readonly Mark[] {
  const merged: [number, number][] = [];
  for (const [start, end] of marks.toSorted((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before && start <= before[1]) before[1] = Math.max(before[1], end);
    else merged.push([start, end]);
  }

  return merged;
}
