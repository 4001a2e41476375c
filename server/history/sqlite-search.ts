import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { Connection } from './connect.ts';
import { hitOf, type Search, type SearchHit } from './search.ts';
import { termsOf } from './terms.ts';

/** A search on its way from the newest finals to the oldest. */
export interface SqliteSearch {
  readonly search: Search;
  readonly meeting: string | null;
  /** Finals with this row id or a higher one have been looked through; null at the beginning. */
  readonly beforeId: number | null;
  /** How many row ids to go back in this step. */
  readonly span: number;
  /** Hits at most. */
  readonly limit: number;
}

/** What one step has found. */
export interface SearchStep {
  /** The newest first. */
  readonly found: readonly { readonly id: number; readonly hit: SearchHit }[];
  /** Where the next step begins; null when all have been looked through. */
  readonly beforeId: number | null;
}

interface FinalRow {
  readonly id: number;
  readonly caption: string;
}

type Statements = Connection['statements'];

/** Finals read in one step: some ten milliseconds, when all that was found by its terms has them in another order. */
const MAX_READ_AT_ONCE = 1000;
/** Behind every letter. */
const HIGHEST = '\u{10ffff}';

/** What a final is found by, as the column `terms` has it: its meeting, too, so that a meeting is searched without the others. */
export function sqliteTerms({ meeting, text }: FinalMessage): string {
  const terms = new Set(termsOf(text).map(({ term }) => term));

  return JSON.stringify(terms.size > 0 ? [meetingTerm(meeting), ...terms] : []);
}

/** Looks through the next finals. */
export function searchStep(statements: Statements, asked: SqliteSearch): SearchStep {
  const { search, span, limit } = asked;
  const beforeId = asked.beforeId ?? idOf(statements.newestFinal) + 1;
  const fromId = Math.max(beforeId - span, idOf(statements.oldestFinal));
  const rows = candidates(statements, asked, fromId, beforeId);
  const found: { id: number; hit: SearchHit }[] = [];
  for (const { id, caption } of rows) {
    const hit = hitOf(JSON.parse(caption) as FinalMessage, search);
    if (hit) found.push({ id, hit });
    if (found.length === limit) break;
  }
  const isAll = rows.length < MAX_READ_AT_ONCE && found.length < limit;
  if (!isAll) return { found, beforeId: found.length === limit ? found.at(-1)!.id : rows.at(-1)!.id };

  return { found, beforeId: fromId > idOf(statements.oldestFinal) ? fromId : null };
}

/** Finals that have all the terms, in whatever order. */
function candidates(
  statements: Statements,
  { search, meeting }: SqliteSearch,
  fromId: number,
  beforeId: number,
): readonly FinalRow[] {
  const exact = search.flatMap(({ terms, isPrefix }) => (isPrefix ? terms.slice(0, -1) : terms));
  const terms = [...new Set(meeting === null ? exact : [meetingTerm(meeting), ...exact])];
  if (terms.length === 0) {
    const beginning = search[0]!.terms[0]!;
    const bounds = [beginning, `${beginning}${HIGHEST}`, fromId, beforeId];

    return statements.findBeginning.all(...bounds, MAX_READ_AT_ONCE) as unknown as readonly FinalRow[];
  }
  // The rarest term leads.
  const counts = terms.map((term) => {
    const { count } = statements.countTerm.get(term, fromId, beforeId) as { readonly count: number };

    return { term, count };
  });
  const [first, ...others] = counts.sort((a, b) => a.count - b.count);
  const rest = JSON.stringify(others.map(({ term }) => term));

  return statements.findTerms.all(
    ...[first!.term, fromId, beforeId, rest, MAX_READ_AT_ONCE],
  ) as unknown as readonly FinalRow[];
}

/** No term of a text has a blank. */
function meetingTerm(meeting: string): string {
  return ` ${meeting}`;
}

function idOf(statement: Statements['newestFinal']): number {
  return (statement.get() as { readonly id: number }).id;
}
