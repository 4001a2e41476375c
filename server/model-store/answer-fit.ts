import type { IncomingMessage } from 'node:http';
import type { ExpectedFile } from './catalogue-entry.ts';
import { DownloadFailure, notThatFile } from './download-failure.ts';

/**
 * What an answer to a request for the rest of a file holds: that rest, all of the file, nothing because there is no more, or
 * what cannot be gone on with, so that the file has to be asked for from its beginning.
 */
export type Fit = 'rest' | 'whole' | 'nothing left' | 'misfit';

/** What `Content-Range` says: `bytes 5-9/10`, `bytes 5-9/*` or, with status 416, `bytes` and `*` with a slash and 10. */
interface ContentRange {
  /** Null with status 416. */
  readonly start: number | null;
  /** Bytes of the whole file; null where the server does not know. */
  readonly total: number | null;
}

/** Statuses with which a proxy or router says that it lets no ranges through, and a server that it knows none. */
const RANGE_REFUSED: ReadonlySet<number> = new Set([400, 403]);

/**
 * Tells what an answer to a request for a range holds.
 *
 * Not by its status alone: ModelScope sends what it was asked for with status 200 and a `Content-Range`
 * (github.com/modelscope/modelscope_hub/issues/50), and the length of files that it does not keep elsewhere is not always right
 * then.
 * @param offset bytes that are there, at least one.
 */
export function fitOf(response: IncomingMessage, offset: number, file: ExpectedFile): Fit {
  const status = response.statusCode!;
  const range = rangeOf(response.headers['content-range']);
  if (status === 416) return file.bytes === null && range?.total === offset ? 'nothing left' : 'misfit';
  if (RANGE_REFUSED.has(status)) return 'misfit';
  if (status !== 200 && status !== 206) return 'whole';
  const isRest =
    range?.start === offset &&
    agrees(range.total, file.bytes) &&
    agrees(announcedBytes(response, offset), range.total ?? file.bytes);
  if (isRest) return 'rest';
  if (status === 206 || range !== null) return 'misfit';

  return isMessage(response, file) || agrees(announcedBytes(response, 0), file.bytes) ? 'whole' : 'misfit';
}

/**
 * @param host whose answer it is.
 * @param advice what to do where that has not got the file.
 * @throws {DownloadFailure} when a successful answer is another file than the one asked for, or none.
 */
export function assertThatFile(
  file: ExpectedFile,
  response: IncomingMessage,
  host: string,
  advice: string,
): void {
  const bytes = announcedBytes(response, 0);
  if (isMessage(response, file))
    throw new DownloadFailure(
      `Could not fetch ${file.name} from ${host}: it answered with ${isPage(response) ? 'a web page' : 'a message'}.`,
      advice,
      false,
    );
  if (!agrees(bytes, file.bytes))
    throw new DownloadFailure(
      `${file.name} from ${host} holds ${bytes} bytes where the catalogue names ${file.bytes}.`,
      notThatFile,
      false,
    );
}

/**
 * How long the file is by what the answer says, or null where it does not.
 * @param offset bytes that were not asked for.
 */
export function announcedBytes({ headers }: IncomingMessage, offset: number): number | null {
  const length = headers['content-length'];

  return length === undefined ? null : offset + Number(length);
}

/** Reads a `Content-Range`; null where there is none, or it is not of bytes. */
function rangeOf(header: string | undefined): ContentRange | null {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(header?.trim() ?? '');
  if (match === null) return null;
  const [, start, total] = match;

  return { start: start === undefined ? null : Number(start), total: total === '*' ? null : Number(total) };
}

function agrees(one: number | null, other: number | null): boolean {
  return one === null || other === null || one === other;
}

/** Whether the answer is a page or a message for people: ModelScope sends its 404s with status 200, as JSON. */
function isMessage(response: IncomingMessage, file: ExpectedFile): boolean {
  if (file.bytes !== null && announcedBytes(response, 0) === file.bytes) return false;

  return isPage(response) || (isJson(response) && !file.name.endsWith('.json'));
}

function isPage({ headers }: IncomingMessage): boolean {
  return /^text\/html\b/i.test(headers['content-type'] ?? '');
}

function isJson({ headers }: IncomingMessage): boolean {
  return /^application\/json\b/i.test(headers['content-type'] ?? '');
}
