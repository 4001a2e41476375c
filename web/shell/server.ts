import { RoundtableError } from '../../client-sdk/index.ts';
import { keyHeaders } from './api-key.ts';

/** Statuses of what may succeed later without anything being changed. */
const RETRYABLE: readonly number[] = [408, 425, 429, 502, 503, 504, 507];

/** What a refusal tells. */
interface Refusal {
  readonly status: number;
  /** '' where there is none. */
  readonly sentence: string;
  readonly header: (name: string) => string | null;
}

/**
 * Asks the server the page is from, with the key that somebody typed.
 * @returns an answer that is no refusal.
 * @throws {RoundtableError} by the server's code; `connection-lost` where there is no answer.
 * @throws the signal's reason.
 */
export async function askServer(path: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(path, { ...init, headers: { ...init.headers, ...keyHeaders() } }).catch(
    (error: unknown) => {
      init.signal?.throwIfAborted();
      throw unreachable(error);
    },
  );
  if (answer.ok) return answer;
  const sentence = await answer.text().catch(() => '');
  throw refusal({ status: answer.status, sentence, header: (name) => answer.headers.get(name) });
}

/** There is no answer. */
export function unreachable(cause?: unknown): RoundtableError {
  const message = cause instanceof Error ? cause.message : 'There is no answer.';

  return new RoundtableError('connection-lost', message, { retryable: true });
}

/** What the server refused. */
export function refusal({ status, sentence, header }: Refusal): RoundtableError {
  const seconds = Number(header('retry-after') ?? Number.NaN);

  return new RoundtableError(
    header('roundtable-error') ?? codeOf(status),
    sentence.trim().slice(0, 300) || `HTTP ${status}`,
    {
      retryable: RETRYABLE.includes(status),
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null,
    },
  );
}

/** For answers without a code: those of proxies, and of what is stored. */
function codeOf(status: number): string {
  if (status === 401) return 'unauthorized';

  return status === 404 ? 'not-found' : RETRYABLE.includes(status) ? 'away' : 'unexpected';
}
