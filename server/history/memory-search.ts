import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import {
  hitOf,
  isFound,
  MAX_HITS_PER_PAGE,
  readSearch,
  type SearchPage,
  type SearchQuery,
} from './search.ts';

/** A final that can be searched. */
export interface IndexedFinal {
  readonly value: FinalMessage;
  /** Counts up from 1 in the order in which finals were there first. */
  readonly id: number;
  /** What it is found by. */
  readonly indexed: string;
}

/** Finals, in about a millisecond. */
const SEARCHED_AT_ONCE = 2000;

/** Searches finals in steps, between which others get their turn. */
export async function searchFinals(
  finals: readonly IndexedFinal[],
  { text, meeting, limit, after }: SearchQuery,
): Promise<SearchPage> {
  const search = readSearch(text);
  const size = Math.min(limit, MAX_HITS_PER_PAGE);
  const found: IndexedFinal[] = [];
  for (const [i, final] of finals.toSorted((a, b) => b.id - a.id).entries()) {
    if (i % SEARCHED_AT_ONCE === SEARCHED_AT_ONCE - 1) await nextTurn();
    const isAsked =
      (after === undefined || final.id < after) && (meeting === undefined || final.value.meeting === meeting);
    if (isAsked && isFound(final.indexed, search)) found.push(final);
    // One more than asked for, to know whether there is more.
    if (found.length > size) break;
  }
  const hits = found.slice(0, size);

  return {
    hits: hits.flatMap(({ value }) => hitOf(value, search) ?? []),
    next: found.length > size ? hits.at(-1)!.id : null,
  };
}
