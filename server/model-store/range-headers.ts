import type { IncomingMessage } from 'node:http';

/** What `Content-Range` says: `bytes 5-9/10`, `bytes 5-9/*` or, with status 416, `bytes` and `*` with a slash and 10. */
export interface ContentRange {
  /** Null with status 416. */
  readonly start: number | null;
  /** Bytes of the whole file; null where the server does not know. */
  readonly total: number | null;
}

/** Reads a `Content-Range`; null where there is none, or it is not of bytes. */
export function rangeOf(header: string | undefined): ContentRange | null {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(header?.trim() ?? '');
  if (match === null) return null;
  const [, start, total] = match;

  return { start: start === undefined ? null : Number(start), total: total === '*' ? null : Number(total) };
}

/**
 * How long the file is by what the answer says, or null where it does not.
 * @param offset bytes that were not asked for.
 */
export function announcedBytes({ headers }: IncomingMessage, offset: number): number | null {
  const length = headers['content-length'];

  return length === undefined ? null : offset + Number(length);
}
