/**
 * Something that went wrong, of the server's (its code is in the table of `docs/protocol.md`) or of this side's:
 * `connection-lost` (the network, or a server that is not there), `closed` (`close()` was called, or the signal came),
 * `no-websocket` (none on this platform) and `not-read` (an iteration that stopped reading).
 */
export class RoundtableError extends Error {
  override readonly name = 'RoundtableError';
  readonly code: string;
  /** Whether the same may succeed later. */
  readonly retryable: boolean;
  /** Time after which to try again; null where the server named none. */
  readonly retryAfterMs: number | null;
  /** The caption that is lost, for `segment-lost`; null otherwise. */
  readonly captionId: string | null;

  constructor(
    code: string,
    message: string,
    details: {
      readonly retryable?: boolean | undefined;
      readonly retryAfterMs?: number | null | undefined;
      readonly captionId?: string | undefined;
    } = {},
  ) {
    super(message);
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.captionId = details.captionId ?? null;
  }
}

/** What promises are rejected with after `close()`. */
export function closedError(): RoundtableError {
  return new RoundtableError('closed', 'It has been closed.');
}
