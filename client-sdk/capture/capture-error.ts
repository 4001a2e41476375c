/** Why there is no audio of a microphone or a tab. */
export type CaptureErrorCode =
  | 'permission-denied'
  | 'no-microphone'
  | 'in-use'
  | 'device-lost'
  | 'not-supported'
  | 'insecure-context'
  | 'no-audio-shared';

const SENTENCES: Readonly<Record<CaptureErrorCode, string>> = {
  'permission-denied':
    'The browser was not allowed to listen. Allow it in the settings of this page, and try again.',
  'no-microphone': 'There is no microphone. Connect one, and try again.',
  'in-use': 'The microphone cannot be used now; another program may have it. Close that, and try again.',
  'device-lost': 'The microphone is gone. Connect it again, or choose another one.',
  'not-supported': 'This browser cannot capture audio. A current Chrome, Edge, Firefox or Safari can.',
  'insecure-context':
    'Browsers only let pages listen that come over https, or from this machine. Open it that way.',
  'no-audio-shared': 'Nothing that sounds was shared. Choose a tab, and tick the box that shares its audio.',
};

/** Audio could not be captured, or no longer. The message says what to do. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  readonly code: CaptureErrorCode;

  constructor(code: CaptureErrorCode, options?: ErrorOptions) {
    super(SENTENCES[code], options);
    this.code = code;
  }
}

/**
 * A browser's reason in our words.
 *
 * W3C, "Media Capture and Streams", section 10.2, and "Screen Capture", section 5.1: the names of their exceptions.
 */
export function toCaptureError(cause: unknown, kind: 'microphone' | 'tab'): CaptureError {
  const { name } = cause as { readonly name?: string };
  const code = CODES[name ?? ''] ?? 'not-supported';
  const isOfMicrophones = code === 'no-microphone' || code === 'in-use';

  return new CaptureError(kind === 'tab' && isOfMicrophones ? 'no-audio-shared' : code, { cause });
}

const CODES: Readonly<Record<string, CaptureErrorCode>> = {
  NotAllowedError: 'permission-denied',
  SecurityError: 'permission-denied',
  NotFoundError: 'no-microphone',
  OverconstrainedError: 'no-microphone',
  NotReadableError: 'in-use',
  AbortError: 'in-use',
};
