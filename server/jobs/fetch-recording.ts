import { randomBytes } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { StreamError } from '../errors.ts';
import { isDiskFull } from '../upload/disk-full.ts';

/** What is fetched, and what bounds it. */
export interface FetchOptions {
  readonly url: string;
  /** Where it is to be; nothing is fetched that is there already. */
  readonly path: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Called as it comes. */
  readonly onAlive: () => void;
}

/**
 * Fetches a recording over HTTP; what comes is there as a whole or not at all. Redirections are not followed: they could lead
 * to hosts that are not allowed.
 * @throws {StreamError} `upload-too-large`, `no-space`, or `bad-recording` when the address has no recording.
 * @throws {Error} when it may be had later.
 */
export async function fetchRecording({ url, path, maxBytes, signal, onAlive }: FetchOptions): Promise<void> {
  if (await isThere(path)) return;
  const response = await fetch(url, { redirect: 'manual', signal });
  if (!response.ok || !response.body) {
    const { status } = response;
    // Or its connection stays open until there is an end of it, or its memory is collected.
    await response.body?.cancel().catch(() => {});
    if (status >= 500 || status === 429) throw new Error(`The recording's host answered with ${status}.`);
    throw new StreamError('bad-recording', `Its address was answered with ${status}.`);
  }
  // Of this attempt alone: on another server, one that was given up may still be writing.
  const part = `${path}.${randomBytes(8).toString('hex')}.part`;
  try {
    await write(response.body, part, maxBytes, onAlive);
    // Whoever gave it up has deleted what was there by then.
    signal.throwIfAborted();
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw isDiskFull(error) ? new StreamError('no-space', undefined, { cause: error }) : error;
  }
}

/**
 * Whether a recording may be fetched from an address, which has no name and no password in it: nothing is fetched from such
 * ones, and what says so would tell them.
 * @param hosts as `--job-url-hosts`.
 */
export function mayFetch({ protocol, username, password, host }: URL, hosts: string): boolean {
  if (!['http:', 'https:'].includes(protocol) || username !== '' || password !== '') return false;

  return hosts !== 'none' && hosts.split(',').includes(host);
}

async function write(
  body: ReadableStream<Uint8Array>,
  path: string,
  maxBytes: number,
  onAlive: () => void,
): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    let bytes = 0;
    for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
      bytes += piece.length;
      if (bytes > maxBytes)
        throw new StreamError('upload-too-large', `A recording has at most ${maxBytes} bytes.`);
      await file.appendFile(piece);
      onAlive();
    }
  } finally {
    await file.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
