import { STATUS_CODES } from 'node:http';
import { ERRORS, type ErrorCode, type StreamError } from '../../errors.ts';
import { type HttpAnswer, jsonAnswer } from '../../net/http.ts';

/** An error as OpenAI's clients read it, over HTTP and in `error` events alike. */
export interface OpenaiError {
  readonly message: string;
  readonly type: string;
  /** The field at fault. */
  readonly param: string | null;
  readonly code: string | null;
}

/** Statuses that OpenAI's clients know another meaning of, or none. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  'too-many-streams': 429,
  'too-many-uploads': 429,
  'bad-recording': 400,
  'no-space': 503,
  'out-of-range': 400,
  'unsupported-language': 400,
  'unsupported-encoding': 400,
};

/** The client's mistake, and in which field. */
export function requestError(message: string, param: string | null, code = 'invalid_value'): OpenaiError {
  return { message, type: 'invalid_request_error', param, code };
}

/** A fault of ours, or one that the server found. */
export function openaiError({ code, message }: Pick<StreamError, 'code' | 'message'>): OpenaiError {
  const status = statusOf(code);
  if (code === 'unauthorized') return requestError(message, null, 'invalid_api_key');
  if (status === 429) return { message, type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' };
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';

  return { message, type, param: null, code: code.replaceAll('-', '_') };
}

/** An error as the answer to a request. */
export function openaiErrorAnswer(error: StreamError): HttpAnswer {
  const { retryAfterMs } = error;

  return {
    ...openaiAnswer(statusOf(error.code), openaiError(error)),
    ...(retryAfterMs !== null && { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
  };
}

/** An error with a status of its own. */
export function openaiAnswer(status: number, error: OpenaiError): HttpAnswer {
  return jsonAnswer(`${status} ${STATUS_CODES[status] ?? ''}`, { error });
}

function statusOf(code: ErrorCode): number {
  return STATUSES[code] ?? ERRORS[code].httpStatus;
}
