import { Failure } from '../failure.ts';
import { explainError, explainStatus, npmAdvice } from './download-failure.ts';
import { get, Unanswered } from './http-get.ts';
import type { NpmSettings } from './npm-settings.ts';

/** What every request of one pull shares. */
export interface Transfer {
  readonly settings: NpmSettings;
  readonly signal: AbortSignal;
}

/** One address to read. */
export interface Request {
  readonly url: string;
  /** What is being fetched, in words for messages. */
  readonly what: string;
  /** Reading stops with a Failure once the body is larger than this. */
  readonly limitBytes: number;
  /** `name@version` of the npm package it belongs to: the package's scope decides whose credentials are sent. */
  readonly spec: string;
  readonly accept?: string;
  /** Told the size of each chunk as it arrives. */
  readonly received?: (bytes: number) => void;
}

/** Compressed in transit, the size on the wire would no longer be the size in the catalogue. */
export const asIs = { accept: '*/*', 'accept-encoding': 'identity' };

/**
 * Reads an address of npm's with npm's settings, and never more than `limitBytes`. One attempt: the caller repeats. The
 * connection is closed when the reader stops early. Chunks belong to the reader.
 * @throws {DownloadFailure} for anything the network does.
 * @throws {Failure} when the body is too large.
 */
export async function* download(
  { url, what, limitBytes, spec, accept, received }: Request,
  { settings, signal }: Transfer,
): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  const asked = { url, answeredBy: url };
  try {
    const headers = accept === undefined ? asIs : { ...asIs, accept };
    const answer = await get({ url, headers, spec }, settings, AbortSignal.any([signal, stop.signal]));
    const { response } = answer;
    asked.answeredBy = answer.url;
    if (response.statusCode !== 200) throw explainStatus(what, asked, response.statusCode!, npmAdvice);
    let receivedBytes = 0;
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      receivedBytes += chunk.length;
      if (receivedBytes > limitBytes) throw tooLarge(what, url, limitBytes);
      received?.(chunk.length);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (error instanceof Unanswered) asked.answeredBy = error.url;
    throw explainError(what, asked, error, npmAdvice);
  } finally {
    stop.abort();
  }
}

function tooLarge(what: string, url: string, limitBytes: number): Failure {
  return new Failure(
    `${what} from ${new URL(url).host} is larger than the ${limitBytes} bytes expected. ` +
      'Nothing of it was installed; check which registry or mirror it came from.',
  );
}
