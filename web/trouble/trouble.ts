import { CaptureError } from '../../client-sdk/browser.ts';
import { RoundtableError } from '../../client-sdk/index.ts';
import type { Words } from '../i18n/en.ts';

/** Something that went wrong, by its code; what it means and what to do is in the words of each language. */
export interface Trouble {
  readonly code: string;
  /** What the server said, for codes that the pages have no words for. */
  readonly message: string;
  readonly retryAfterMs: number | null;
}

/** What a thrown value means to somebody who wants to speak. */
export function troubleFrom(error: unknown): Trouble {
  if (error instanceof CaptureError) return { code: error.code, message: error.message, retryAfterMs: null };
  if (error instanceof RoundtableError) {
    return { code: error.code, message: error.message, retryAfterMs: error.retryAfterMs };
  }

  return {
    code: 'unexpected',
    message: error instanceof Error ? error.message : String(error),
    retryAfterMs: null,
  };
}

/** What to tell about it. */
export function describeTrouble({ code, message }: Trouble, words: Words): { title: string; help: string } {
  const { troubles } = words;
  const known = Object.hasOwn(troubles, code) ? troubles[code as keyof typeof troubles] : null;

  return known ?? { title: troubles.unexpected.title, help: message };
}
