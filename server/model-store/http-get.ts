import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestEncrypted } from 'node:https';
import { getAgent } from '@npmcli/agent';
import npmFetch from 'npm-registry-fetch';
import type { NpmSettings } from './npm-settings.ts';

/** Headers that one origin may see, and no other. */
export interface Credentials {
  /** As `URL.origin` has it: scheme, host and port. */
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One address to ask. */
export interface Get {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `name@version` where it belongs to an npm package: the package's scope decides whose credentials are sent. */
  readonly spec?: string;
  readonly credentials?: Credentials | null;
  /** Throws where an address must not be asked: called for the first one and for each that a redirect leads to. */
  readonly admit?: (url: string) => void;
}

/** What came, and from where: behind redirects another address than was asked. */
export interface Answer {
  readonly response: IncomingMessage;
  readonly url: string;
}

/** An error of the network, with the address that was being asked, which a redirect may have led to. */
export class Unanswered extends Error {
  readonly code: string | undefined;
  readonly url: string;

  constructor(url: string, cause: NodeJS.ErrnoException) {
    super(cause.message, { cause });
    this.code = cause.code;
    this.url = url;
  }
}

interface NpmCredentials {
  readonly token: string | null;
  readonly auth: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

// Its types lack it.
const { getAuth } = npmFetch as unknown as {
  getAuth(url: string, settings: object): NpmCredentials;
};

/** Hubs redirect once or twice. */
const MOST_REDIRECTS = 10;

/** A hub that a firewall swallows is given up for the next one after this. */
const CONNECTION_TIMEOUT_MS = 20_000;

const IDLE_TIMEOUT_MS = 300_000;

/**
 * Asks an address, and those it redirects to, with npm's proxy, certificates and credentials. The reader's pace slows the
 * sender down. Credentials are chosen for each address anew: none follows a redirect to another origin.
 * @throws {Unanswered} for anything the network does; what `admit` throws.
 */
export async function get(request: Get, settings: NpmSettings, signal: AbortSignal): Promise<Answer> {
  let { url } = request;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    request.admit?.(url);
    const response = await askOnce(url, request, settings, signal);
    const { location } = response.headers;
    if (!isRedirect(response.statusCode!) || location === undefined) return { response, url };
    // Its body is of no interest, and could be endless.
    response.destroy();
    if (!URL.canParse(location, url)) throw new Unanswered(url, failure('EINVALIDREDIRECT'));
    url = new URL(location, url).href;
  }
  throw new Unanswered(url, failure('EMAXREDIRECT'));
}

async function askOnce(
  url: string,
  request: Get,
  settings: NpmSettings,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  try {
    return await ask(url, request, settings, signal);
  } catch (error) {
    throw new Unanswered(url, error as NodeJS.ErrnoException);
  }
}

function ask(
  url: string,
  { headers, spec, credentials }: Get,
  settings: NpmSettings,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { protocol, origin } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') throw failure('ERR_INVALID_URL');
  const npm = getAuth(url, spec === undefined ? settings : { ...settings, spec });
  const options = {
    agent: agentFor(url, npm, settings),
    signal,
    headers: {
      'user-agent': settings.userAgent ?? 'roundtable',
      ...headers,
      ...(npm.token !== null && { authorization: `Bearer ${npm.token}` }),
      ...(npm.auth !== null && { authorization: `Basic ${npm.auth}` }),
      ...(credentials?.origin === origin && credentials.headers),
    },
  };

  return new Promise((resolve, reject) => {
    const send = protocol === 'https:' ? requestEncrypted : requestPlain;
    send(url, options, resolve).on('error', reject).end();
  });
}

function agentFor(url: string, { cert, key }: NpmCredentials, settings: NpmSettings) {
  const { httpsProxy, proxy, noProxy, ca, localAddress, maxSockets, strictSSL, timeout } = settings;
  const options = {
    ca,
    cert: cert ?? settings.cert,
    key: key ?? settings.key,
    localAddress,
    maxSockets,
    noProxy,
    proxy: httpsProxy ?? proxy,
    rejectUnauthorized: strictSSL ?? true,
    timeouts: { connection: CONNECTION_TIMEOUT_MS, idle: timeout ?? IDLE_TIMEOUT_MS },
  };
  try {
    return getAgent(url, options);
  } catch {
    // The address itself has been parsed: what else there is to fail is the proxy's.
    throw failure('EINVALIDPROXY');
  }
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
