import { Failure } from '../failure.ts';

/** A download that did not come through. */
export class DownloadFailure extends Failure {
  /** What happened, as a sentence; the message adds what to do. */
  readonly problem: string;
  /** Whether trying again by itself may help. */
  readonly transient: boolean;

  constructor(problem: string, advice: string, transient: boolean) {
    super(`${problem} ${advice}`);
    this.problem = problem;
    this.transient = transient;
  }
}

const checkNetwork =
  'Check the network and the registry and proxy settings of npm ("npm config list"), then pull again.';

interface Explanation {
  readonly reason: string;
  readonly advice: string;
  readonly transient: boolean;
}

/**
 * Puts a network error into a sentence. Only the host of the address is shown: the rest may hold credentials.
 * @param what what was being fetched, for the reader.
 */
export function explainDownload(what: string, url: string, error: unknown): DownloadFailure {
  const { host } = new URL(url);
  const { statusCode, code, type, message } = error as {
    statusCode?: number;
    code?: string;
    type?: string;
    message?: string;
  };
  const { reason, advice, transient } =
    statusCode === undefined
      ? explainCode(code ?? type ?? message ?? String(error))
      : explainStatus(statusCode, host);
  return new DownloadFailure(`Could not fetch ${what} from ${host}: ${reason}.`, advice, transient);
}

function explainStatus(status: number, host: string): Explanation {
  if (status === 401 || status === 403) {
    const advice = `Put a token for it into .npmrc ("npm config set //${host}/:_authToken=TOKEN"), then pull again.`;
    return { reason: `it refused access (status ${status})`, advice, transient: false };
  }
  if (status === 404) {
    const advice = 'Point npm at a registry or mirror that has it ("npm config set registry URL").';
    return { reason: 'it does not have it (status 404)', advice, transient: false };
  }
  const transient = status === 408 || status === 420 || status === 429 || status >= 500;
  return { reason: `it answered with status ${status}`, advice: 'Pull again later.', transient };
}

function explainCode(code: string): Explanation {
  if (/CERT|SIGNATURE|TLS|SSL/.test(code)) {
    const advice =
      'If a proxy or mirror of yours has its own authority, name it to npm ("npm config set cafile PATH") ' +
      'or in NODE_EXTRA_CA_CERTS.';
    return { reason: `its certificate is not trusted (${code})`, advice, transient: false };
  }
  return {
    reason: reasons[code] ?? `the transfer failed (${code})`,
    advice: checkNetwork,
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
  EIDLETIMEOUT: 'it went silent',
  'request-timeout': 'it did not answer in time',
};

/** Trying again does not help against these. */
const lasting: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'ERR_INVALID_URL',
  'EMAXREDIRECT',
  'EINVALIDPROXY',
]);
