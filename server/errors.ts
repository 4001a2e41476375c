/** What a client is told about one kind of fault. */
export interface ErrorEntry {
  /** WebSocket close code (4000-4999 are an application's own, RFC 6455 section 7.4.2), modelled on HTTP's. */
  readonly closeCode: number;
  /** HTTP status, where the fault shows before the WebSocket is there. */
  readonly httpStatus: number;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Whether the connection is closed; the others leave the stream running. */
  readonly fatal: boolean;
  /** A sentence; what is particular to the case may follow it. */
  readonly text: string;
}

function entry(
  closeCode: number,
  text: string,
  flags: { retryable?: true; harmless?: true } = {},
): ErrorEntry {
  const { retryable = false, harmless = false } = flags;

  return { closeCode, httpStatus: closeCode - 4000, retryable, fatal: !harmless, text };
}

/** Every error a client can meet, by its code. `docs/protocol.md` has the same table; a test holds it to that. */
export const ERRORS = {
  'bad-message': entry(4400, 'The message could not be read.'),
  'start-expected': entry(4400, 'The first message has to be start.'),
  'already-started': entry(4409, 'The stream has been started already.'),
  'already-stopped': entry(4409, 'The stream has been stopped already.'),
  'audio-not-binary': entry(4400, 'Audio has to come as bytes, not as text.'),
  'audio-misaligned': entry(4400, 'The audio is not a whole number of samples.'),
  'audio-empty': entry(4400, 'The audio message holds no samples.', { harmless: true }),
  'unsupported-encoding': entry(4415, 'The audio encoding is not supported.'),
  'unsupported-language': entry(4415, 'The model does not know the language.'),
  'unsupported-model': entry(4415, 'The server has no model of that name.'),
  'out-of-range': entry(4422, 'A value is out of its range.'),
  'message-too-large': entry(4413, 'The message is larger than allowed.'),
  'audio-overrun': entry(4429, 'More audio waits to be captioned than the server holds for a stream.', {
    retryable: true,
  }),
  'too-many-fences': entry(4429, 'Too many markers and flushes wait for their answer.', { retryable: true }),
  'audio-too-fast': entry(4429, 'More bytes came in a second than allowed.', { retryable: true }),
  'not-admitted': entry(4425, 'Audio came before ready and was not taken.', { harmless: true }),
  unauthorized: entry(4401, 'The API key is missing or unknown.'),
  'start-timeout': entry(4408, 'No start message came in time.', { retryable: true }),
  'idle-timeout': entry(4408, 'Nothing was sent for too long.', { retryable: true }),
  'too-many-streams': entry(4503, 'The server has as many streams as it may.', { retryable: true }),
  'too-many-viewers': entry(4503, 'The server has as many viewers as it may.', { retryable: true }),
  busy: entry(4503, 'The server has more work than it can do in time.', { retryable: true }),
  'not-ready': entry(4503, 'The server is still loading its models.', { retryable: true }),
  draining: entry(4503, 'The server is shutting down.', { retryable: true }),
  'segment-lost': entry(4500, 'A stretch of speech could not be transcribed.', { harmless: true }),
  'unknown-stream': entry(4410, 'There is no such stream to take up again, or no longer.'),
  'taken-over': entry(4409, 'The stream was taken up by another connection.'),
  'slow-consumer': entry(4408, 'Captions were not read fast enough.', { retryable: true }),
  'viewer-cannot-send': entry(4400, 'A viewer only reads.'),
  'upload-too-large': entry(4413, 'The upload is larger than allowed.'),
  'too-many-uploads': entry(4503, 'The server takes as many uploads as it may.', { retryable: true }),
  'upload-stalled': entry(4408, 'The upload stopped, or came too slowly.', { retryable: true }),
  'no-space': entry(4507, 'The server has no room on its disk for the upload.', { retryable: true }),
  'bad-recording': entry(4422, 'The recording could not be read.'),
  'too-many-jobs': entry(4503, 'The queue has as many recordings as it may.', { retryable: true }),
  'queue-away': entry(4503, 'The queue of recordings cannot be reached now.', { retryable: true }),
  'too-many-vocabularies': entry(4503, 'The server keeps as many vocabularies as it may.', {
    retryable: true,
  }),
  'unknown-meeting': entry(4404, 'Nothing is stored of this meeting.'),
  'unknown-job': entry(4404, 'There is no such recording in the queue, or no longer.'),
  'job-unfinished': entry(4409, 'The recording has no result yet.', { retryable: true }),
  'job-finished': entry(4409, 'The recording has finished already.'),
  'job-stalled': entry(4504, 'An attempt gave no sign of life for too long.', { retryable: true }),
  'job-interrupted': entry(4500, 'The server ended in the middle of an attempt.', { retryable: true }),
  internal: entry(4500, 'The server failed.', { retryable: true }),
} as const satisfies Record<string, ErrorEntry>;

/** Codes as they go over the wire. */
export type ErrorCode = keyof typeof ERRORS;

/** A fault of the client's, or of the server's that a client is told about. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly code: ErrorCode;
  /** Time after which to try again; null where nothing can be said. */
  readonly retryAfterMs: number | null;

  /** @param detail what is particular to the case, as a sentence; never anything that was said. */
  constructor(
    code: ErrorCode,
    detail?: string,
    options: ErrorOptions & { readonly retryAfterMs?: number } = {},
  ) {
    super(detail === undefined ? ERRORS[code].text : `${ERRORS[code].text} ${detail}`, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
