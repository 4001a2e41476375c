import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { StreamError } from '../errors.ts';
import { isPrivateAddress } from './private-address.ts';

/** Longest address that is taken. */
const MAX_URL_CHARACTERS = 2048;

/** Where a host is. */
export interface HostAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** All addresses of a name. */
export type Resolve = (
  name: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>;

const systemResolve: Resolve = (name) => lookup(name, { all: true });

/**
 * Reads the address of a callback.
 * @throws {StreamError} `out-of-range` when it is none that can be called.
 */
export function readCallbackUrl(text: string): URL {
  const url = URL.canParse(text) && text.length <= MAX_URL_CHARACTERS ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
    throw refused('has to be an address such as https://example.org/done, without a name or password.');

  return url;
}

/**
 * Finds where a callback goes. What it finds is where to connect to: asked again, a name could be somebody else.
 * @throws {StreamError} `out-of-range` for a name that is not known, or one of whose addresses is private.
 */
export async function addressOf(
  url: URL,
  allowsPrivate: boolean,
  resolve: Resolve = systemResolve,
): Promise<HostAddress> {
  // Those of IPv6 are written in brackets.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const known = isIP(host) ? [{ address: host, family: isIP(host) }] : await resolve(host).catch(() => []);
  const first = known[0];
  if (!first) throw refused('has a host that is not known.');
  if (!allowsPrivate && known.some(({ address }) => isPrivateAddress(address)))
    throw refused(
      'leads to this machine or a private network: whoever runs the server may allow that with --allow-private-callbacks yes.',
    );

  return { address: first.address, family: first.family === 6 ? 6 : 4 };
}

function refused(fault: string): StreamError {
  return new StreamError('out-of-range', `callback ${fault}`);
}
