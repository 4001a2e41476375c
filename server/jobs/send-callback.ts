import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../clock.ts';
import { addressOf, type HostAddress, type Resolve } from './callback-address.ts';
import { SIGNATURE_HEADER, signature } from './callback-signature.ts';

/** From the beginning to the first line of the answer. */
const TIMEOUT_MS = 15_000;

/** How callbacks are sent. */
export interface CallbackSettings {
  readonly secret: string;
  readonly allowsPrivate: boolean;
  /** In place of the system's. */
  readonly resolve?: Resolve;
}

/**
 * Sends a callback once: a POST that is answered with a status from 200 to 299. Goes to the address that was looked at, and
 * nowhere else: redirections are failures like any other.
 * @throws {Error} when it did not arrive, or was not answered in time. @throws {StreamError} when it may not go there.
 */
export async function sendCallback(
  url: URL,
  body: string,
  settings: CallbackSettings,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  // Not of `AbortSignal.timeout`: combined with another, nothing holds that, and it is gone before its time.
  const ending = new AbortController();
  const stop = () => ending.abort(signal.reason);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  const cancel = clock.after(TIMEOUT_MS, () =>
    ending.abort(new Error('The callback was not answered in time.')),
  );
  try {
    const status = await post(url, body, settings, clock.epochMs(), ending.signal);
    if (status < 200 || status > 299) throw new Error(`The callback was answered with ${status}.`);
  } finally {
    cancel();
    signal.removeEventListener('abort', stop);
  }
}

/** @returns the status of the answer. */
async function post(
  url: URL,
  body: string,
  { secret, allowsPrivate, resolve }: CallbackSettings,
  epochMs: number,
  signal: AbortSignal,
): Promise<number> {
  const address = await addressOf(url, allowsPrivate, resolve);
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method: 'POST',
    // A connection of its own: nobody else's address is taken for this one's.
    agent: false,
    lookup: always(address),
    signal,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'Roundtable',
      [SIGNATURE_HEADER]: signature(secret, Math.floor(epochMs / 1000), body),
    },
  });
  request.end(body);

  return statusOf(request);
}

function statusOf(request: ClientRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    // Without an error where another protocol is answered (101).
    request.on('close', () => reject(new Error('The callback was not answered with a status.')));
    request.on('response', (response: IncomingMessage) => {
      resolve(response.statusCode ?? 0);
      // Nothing of the rest matters, however much of it there is.
      response.on('error', () => {});
      response.destroy();
    });
  });
}

function always({ address, family }: HostAddress): LookupFunction {
  return (_, { all }, callback) => {
    if (all) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}
