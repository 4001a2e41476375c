import { Failure } from '../failure.ts';

/** A download that did not come through. */
export class DownloadFailure extends Failure {
  /** What happened, as a sentence; the message adds what to do. */
  readonly problem: string;
  readonly advice: string;
  /** Whether trying again by itself may help. */
  readonly transient: boolean;

  constructor(problem: string, advice: string, transient: boolean) {
    super(`${problem} ${advice}`);
    this.problem = problem;
    this.advice = advice;
    this.transient = transient;
  }
}

/** What to do when another file came than the one that was wanted. */
export const notThatFile = 'It was not installed; check which registry, hub or mirror it came from.';

/** A file whose bytes are not those that were wanted. */
export class WrongFile extends DownloadFailure {
  constructor(problem: string) {
    super(problem, notThatFile, false);
  }
}

/** What to do about a refusal, where it depends on who was asked. */
export interface Advice {
  /** For a host that cannot be reached. */
  readonly network: string;
  /** For one that wants credentials, or better ones. */
  readonly access: (host: string) => string;
  /** For one that has not got it. */
  readonly absence: string;
}

/** What to do about npm's registries, and hosts that only npm's settings know. */
export const npmAdvice: Advice = {
  network:
    'Check the network and the registry and proxy settings of npm ("npm config list"), then pull again.',
  access: (host) =>
    `Put a token for it into .npmrc ("npm config set //${host}/:_authToken=TOKEN"), then pull again.`,
  absence: 'Point npm at a registry or mirror that has it ("npm config set registry URL").',
};

/** Where something was asked for. */
export interface Asked {
  readonly url: string;
  /** Where redirects led, and what came of it came of. */
  readonly answeredBy: string;
}

interface Explanation {
  readonly reason: string;
  readonly advice: string;
  readonly transient: boolean;
}

/**
 * Puts a network error into a sentence. Only hosts of addresses are shown: the rest may hold credentials.
 * @param what what was being fetched, for the reader.
 */
export function explainError(what: string, asked: Asked, error: unknown, advice: Advice): DownloadFailure {
  const { code, message } = error as { code?: string; message?: string };

  return fail(what, asked, explainCode(code ?? message ?? String(error), advice));
}

/** Puts a status that is no success into a sentence. */
export function explainStatus(what: string, asked: Asked, status: number, advice: Advice): DownloadFailure {
  if (status === 401 || status === 403) {
    const reason = `it refused access (status ${status})`;
    // Tokens are for who was asked: where that leads takes none, and has other reasons.
    const access = hostOf(asked.url) === hostOf(asked.answeredBy) ? advice.access(hostOf(asked.url)) : null;
    return fail(what, asked, { reason, advice: access ?? advice.network, transient: false });
  }
  if (status === 404) {
    const reason = 'it does not have it (status 404)';
    return fail(what, asked, { reason, advice: advice.absence, transient: false });
  }
  if (status === 407) {
    const reason = 'the proxy on the way wants a name and a password (status 407)';
    const set = 'Put them into its address ("npm config set https-proxy http://NAME:PASSWORD@HOST:PORT").';
    return fail(what, asked, { reason, advice: set, transient: false });
  }
  const transient = status === 408 || status === 420 || status === 429 || status >= 500;
  return fail(what, asked, {
    reason: `it answered with status ${status}`,
    advice: 'Pull again later.',
    transient,
  });
}

function fail(what: string, asked: Asked, { reason, advice, transient }: Explanation): DownloadFailure {
  return new DownloadFailure(`Could not fetch ${what} from ${place(asked)}: ${reason}.`, advice, transient);
}

/** Who did not give it, in words. A firewall may know a hub, and not the hosts that its files are on. */
export function place({ url, answeredBy }: Asked): string {
  const [first, last] = [hostOf(url), hostOf(answeredBy)];

  return first === last ? first : `${last}, where ${first} leads`;
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function explainCode(code: string, { network }: Advice): Explanation {
  if (/CERT|SIGNATURE|TLS|SSL/.test(code)) {
    const advice =
      'If a proxy or mirror of yours has its own authority, name it to npm ("npm config set cafile PATH") ' +
      'or in NODE_EXTRA_CA_CERTS.';
    return { reason: `its certificate is not trusted (${code})`, advice, transient: false };
  }
  return {
    reason: reasons[code] ?? `the transfer failed (${code})`,
    advice: network,
    transient: !lasting.has(code),
  };
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  ETIMEDOUT: 'it did not answer in time',
  ECONNECTIONTIMEOUT: 'it did not answer in time',
  EIDLETIMEOUT: 'it went silent',
  EMAXREDIRECT: 'it redirects in a circle',
  EINVALIDPROXY: 'the address of the proxy is none: it begins with http:// or socks://',
};

/** Trying again does not help against these. */
const lasting: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'ERR_INVALID_URL',
  'EMAXREDIRECT',
  'EINVALIDREDIRECT',
  'EINVALIDPROXY',
  'ENCODED',
]);
