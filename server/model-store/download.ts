import npmFetch from 'npm-registry-fetch';
import { Failure } from '../failure.ts';
import { explainDownload } from './download-failure.ts';
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
  /** `name@version` where it belongs to an npm package: the package's scope decides whose credentials are sent. */
  readonly spec?: string;
  readonly accept?: string;
  /** Told the size of each chunk as it arrives. */
  readonly received?: (bytes: number) => void;
  /** Throws where a redirect led to an address that must not be read. */
  readonly admit?: (finalUrl: string) => void;
}

/**
 * Reads an address with npm's own client, so that the user's proxy, certificate and credential settings hold for
 * every source alike, and never more than `limitBytes`. One attempt: the caller repeats. The connection is
 * closed when the reader stops early. Chunks belong to the reader.
 *
 * npm's client does not slow the sender down to the pace of the reader, so what waits in memory is bounded only by
 * `limitBytes`.
 * @throws {DownloadFailure} for anything the network does.
 * @throws {Failure} when the body is too large.
 */
export async function* download(
  request: Request,
  { settings, signal }: Transfer,
): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  try {
    const response = await npmFetch(request.url, {
      ...settings,
      ...(request.spec === undefined ? {} : { spec: request.spec }),
      // Compressed in transit, the size on the wire would no longer be the size in the catalogue.
      headers: { accept: request.accept ?? '*/*', 'accept-encoding': 'identity' },
      // The verified files are the cache; a second copy in npm's own would help nobody.
      cache: undefined,
      // A retry inside the client would neither see a body that breaks half-way nor stop waiting when aborted.
      retry: { retries: 0 },
      signal: AbortSignal.any([signal, stop.signal]),
    });
    request.admit?.(response.url);
    let receivedBytes = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      receivedBytes += chunk.length;
      if (receivedBytes > request.limitBytes) throw tooLarge(request);
      request.received?.(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof Failure ? error : explainDownload(request.what, request.url, error);
  } finally {
    stop.abort();
  }
}

function tooLarge({ what, url, limitBytes }: Request): Failure {
  return new Failure(
    `${what} from ${new URL(url).host} is larger than the ${limitBytes} bytes expected. ` +
      'Nothing of it was installed; check which registry or mirror it came from.',
  );
}
