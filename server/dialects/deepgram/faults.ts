import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { ERRORS, type ErrorCode, type StreamError } from '../../errors.ts';
import { type HttpAnswer, jsonAnswer } from '../../net/http.ts';
import type { DialectFailure } from '../dialect.ts';

/** What a WebSocket's close reason may hold (RFC 6455, section 5.5). */
const MAX_REASON_BYTES = 123;

/** Statuses that Deepgram knows, and its codes for them. */
const HTTP_CODES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'INVALID_AUTH',
  403: 'INSUFFICIENT_PERMISSIONS',
  408: 'SLOW_UPLOAD',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'TOO_MANY_REQUESTS',
  500: 'INTERNAL_SERVER_ERROR',
  503: 'SERVICE_UNAVAILABLE',
};

/** Where its status is another than ours. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  'bad-message': 400,
  'out-of-range': 400,
  'unsupported-encoding': 400,
  'unsupported-language': 400,
  'bad-recording': 400,
  'too-many-streams': 429,
  'too-many-uploads': 429,
  'no-space': 503,
};

const HOW_TO_PRESENT_KEYS = 'Send it as "Authorization: Token KEY".';

/** A refusal before there is a WebSocket, and of a POST: JSON, and the sentence in a header for those who see no body. */
export function refusal({ code, message: told, retryAfterMs }: StreamError): HttpAnswer {
  const status = STATUSES[code] ?? ERRORS[code].httpStatus;
  const requestId = randomUUID();
  const message = code === 'unauthorized' ? `${ERRORS[code].text} ${HOW_TO_PRESENT_KEYS}` : told;
  const body = { err_code: HTTP_CODES[status] ?? code, err_msg: message, request_id: requestId };

  return {
    ...jsonAnswer(`${status} ${STATUS_CODES[status] ?? ''}`, body),
    headers: {
      'dg-request-id': requestId,
      // Names may come from the request.
      'dg-error': message.replace(/[^\x20-\x7e]/g, '?'),
    },
    ...(retryAfterMs !== null && { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
  };
}

/** How a WebSocket is closed. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** Faults of the client's, as which its audio or its messages are refused. */
const POLICY: Partial<Record<ErrorCode, string>> = {
  'bad-message': 'DATA-0000',
  'unsupported-encoding': 'DATA-0000',
  'out-of-range': 'DATA-0000',
  'audio-misaligned': 'DATA-0000',
  'message-too-large': 'message-too-large',
  'audio-overrun': 'audio-overrun',
  'audio-too-fast': 'audio-too-fast',
  'too-many-fences': 'too-many-fences',
};

/** How a stream that failed ends. */
export function closeFor({ code, message }: DialectFailure): Close {
  const policy = POLICY[code];
  if (policy) return { code: 1008, reason: reason(policy, message) };

  return { code: 1011, reason: reason(code === 'idle-timeout' ? 'NET-0001' : 'NET-0000', message) };
}

function reason(code: string, sentence: string): string {
  const text = `${code}: ${sentence}`;
  // Our sentences are ASCII but for what they quote.
  return Buffer.byteLength(text) <= MAX_REASON_BYTES ? text : code;
}
