import type { SpreadWord } from '../spread-words.ts';

/** From and to, in milliseconds since the utterance began. */
type Stamp = readonly [number, number];

/** A clause and its times, as FunASR has it. */
export interface StampedClause {
  /** Its words without the marks behind it, parted by blanks. */
  readonly text_seg: string;
  /** Those marks. */
  readonly punc: string;
  readonly start: number;
  readonly end: number;
  readonly ts_list: readonly Stamp[];
}

/**
 * The `timestamp` field: JSON, a pair for each word, or for each character of a script without blanks. FunASR's page counts a pair for every character of a word that is not all letters, such as `don't`, and
 * fails when there are fewer: empty pairs at the end are for it.
 */
export function timestampOf(text: string, words: readonly SpreadWord[]): string {
  const stamps = words.map(stampOf);
  const endMs = stamps.at(-1)?.[1] ?? 0;
  while (stamps.length < pairsReadByPage(text)) stamps.push([endMs, endMs]);

  return JSON.stringify(stamps);
}

/** The `stamp_sents` field: clauses end with their marks. */
export function stampedClauses(words: readonly SpreadWord[]): readonly StampedClause[] {
  const clauses: StampedClause[] = [];
  let from = 0;
  for (const [i, { text }] of words.entries()) {
    const punc = /\p{P}*$/u.exec(text)![0];
    if (punc === '' && i < words.length - 1) continue;
    const clause = words.slice(from, i + 1);
    const spoken = clause.map((word) => word.text).join(' ');
    from = i + 1;
    clauses.push({
      text_seg: spoken.slice(0, spoken.length - punc.length).trimEnd(),
      punc,
      start: clause[0]!.startMs,
      end: clause.at(-1)!.endMs,
      ts_list: clause.map(stampOf),
    });
  }

  return clauses;
}

function stampOf({ startMs, endMs }: SpreadWord): Stamp {
  return [startMs, endMs];
}

function pairsReadByPage(text: string): number {
  return text
    .split(/[。？，、?., ]/)
    .reduce((pairs, piece) => pairs + (/^[a-z]+$/i.test(piece) ? 1 : piece.length), 0);
}
