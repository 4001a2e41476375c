import { normalizeWords } from '../word-error-rate.ts';
import type { Heard } from './engines.ts';

/** Index of the first token in which two sequences differ, one of them having ended counting as such; null for none. */
export function firstDifference(a: readonly number[], b: readonly number[]): number | null {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return i;

  return null;
}

/** Whether two engines heard the same tokens; null when one does not tell. */
export function sameTokens(a: Heard, b: Heard): boolean | null {
  return a.tokens === null || b.tokens === null ? null : firstDifference(a.tokens, b.tokens) === null;
}

/** Whether two engines heard the same words, case and punctuation aside. */
export function sameWords(a: Heard, b: Heard): boolean {
  return normalizeWords(a.text).join(' ') === normalizeWords(b.text).join(' ');
}
