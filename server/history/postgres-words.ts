import type { Search } from './search.ts';
import { termsOf } from './terms.ts';

/**
 * A text's terms as PostgreSQL reads a tsvector, each with its place. Terms hold letters and digits only, and need no
 * escaping. What PostgreSQL keeps of places has bounds (the first 256 of each term, the last being 16383), which captions
 * stay far below.
 */
export function vectorOf(text: string): string {
  return termsOf(text)
    .map(({ term }, i) => `'${term}':${i + 1}`)
    .join(' ');
}

/** A search as PostgreSQL reads a tsquery. @see https://www.postgresql.org/docs/current/datatype-textsearch.html */
export function queryOf(search: Search): string {
  return search
    .map(({ terms, isPrefix }) => {
      const last = terms.length - 1;

      return terms.map((term, i) => `'${term}'${isPrefix && i === last ? ':*' : ''}`).join(' <-> ');
    })
    .map((phrase) => `(${phrase})`)
    .join(' & ');
}
