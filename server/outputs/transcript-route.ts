import { StreamError } from '../errors.ts';
import type { TranscriptSource } from '../history/transcript-source.ts';
import { readName } from '../net/client-messages.ts';
import { textAnswer } from '../net/http.ts';
import type { KeyedRoute } from '../net/http-guard.ts';
import { readTranscript, type TimeRange } from '../transcript/read-transcript.ts';
import { type TranscriptFormat, transcriptFile } from '../transcript/transcript-file.ts';
import { fileAnswer } from './file-answer.ts';

/** Transcripts made at a time, each of which may take some megabytes. */
const MOST_AT_A_TIME = 8;
const RETRY_AFTER_MS = 1000;

/** What these routes read from. */
export interface TranscriptParts {
  /** @throws {StreamError} before there is one. */
  readonly transcripts: TranscriptSource;
  error(code: 'internal', cause: unknown): void;
}

/** Transcripts over HTTP: whatever is final at that moment. */
export class TranscriptRoutes {
  readonly #parts: TranscriptParts;
  #making = 0;

  constructor(parts: TranscriptParts) {
    this.#parts = parts;
  }

  /** `?from=` and `?to=`, or `?after=`, take a stretch of time. */
  route(format: TranscriptFormat): KeyedRoute {
    return async ({ params, query, headers }) => {
      const meeting = readName(params[0], 'meeting');
      const range = readRange(query);
      const { transcripts } = this.#parts;
      if (this.#making === MOST_AT_A_TIME)
        throw new StreamError('busy', 'Too many transcripts are asked for.', {
          retryAfterMs: RETRY_AFTER_MS,
        });
      this.#making++;
      try {
        const transcript = await readTranscript(transcripts, meeting, range);
        if (!transcript) return UNKNOWN;

        return fileAnswer(
          meeting,
          format,
          await transcriptFile(transcript, format),
          headers['if-none-match'],
        );
      } catch (error) {
        this.#parts.error('internal', error);

        return UNREADABLE;
      } finally {
        this.#making--;
      }
    };
  }
}

const UNKNOWN = textAnswer(
  '404 Not Found',
  'No captions of this meeting are stored: nothing has been said yet, it was too long ago, or its name is another.',
);
const UNREADABLE = {
  ...textAnswer('503 Service Unavailable', 'The transcript cannot be read now. Try again in some seconds.'),
  retryAfterSeconds: 5,
};

/** @throws {StreamError} `out-of-range`. */
function readRange(query: URLSearchParams): TimeRange {
  const fromMs = readTime(query, 'from');
  const afterMs = readTime(query, 'after');
  const untilMs = readTime(query, 'to');
  const first = afterMs === null ? fromMs : Math.max(fromMs ?? 0, afterMs + 1);

  return { ...(first !== null && { fromMs: first }), ...(untilMs !== null && { untilMs }) };
}

function readTime(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  // A plus sign that was not escaped has become a blank.
  const ms = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text.replace(' ', '+')) : Number.NaN;
  if (Number.isNaN(ms))
    throw new StreamError(
      'out-of-range',
      `${name} has to be a time such as 2026-11-22T09:30:00Z, or milliseconds since 1970.`,
    );

  return ms;
}
