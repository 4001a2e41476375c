import type { ErrorMessage } from '../../client-sdk/protocol.ts';
import { MisalignedAudioError } from '../audio/pcm.ts';
import { ERRORS, StreamError } from '../errors.ts';
import type { Connection } from './connection.ts';

/** An error as its client is told. @param captionId the caption that is lost, for errors about one. */
export function errorMessage(error: StreamError, captionId?: string): ErrorMessage {
  const { retryable, fatal } = ERRORS[error.code];

  return {
    type: 'error',
    code: error.code,
    message: error.message,
    retryable,
    fatal,
    ...(error.retryAfterMs !== null && { retryAfterMs: error.retryAfterMs }),
    ...(captionId !== undefined && { captionId }),
  };
}

/** Tells a client what is wrong and ends its connection. */
export function refuse(connection: Connection, error: StreamError): void {
  connection.send(errorMessage(error));
  connection.close(ERRORS[error.code].closeCode, error.code);
}

/** Anything thrown while a client's messages were handled, as that client is told. */
export function asStreamError(error: unknown): StreamError {
  if (error instanceof StreamError) return error;
  if (error instanceof MisalignedAudioError) return new StreamError('audio-misaligned', error.message);

  return new StreamError('internal', undefined, { cause: error });
}
