import type { DecodeResult } from '../recognizer.ts';

/** The answers to a batch that was decoded in parts, one after the other. */
export function mergeResults(parts: readonly DecodeResult[]): DecodeResult {
  const sum = (of: (part: DecodeResult) => number) => parts.reduce((total, part) => total + of(part), 0);

  return {
    hypotheses: parts.flatMap(({ hypotheses }) => hypotheses),
    inferenceMs: sum(({ inferenceMs }) => inferenceMs),
    passes: sum(({ passes }) => passes),
    guessedTokens: sum(({ guessedTokens }) => guessedTokens),
    acceptedTokens: sum(({ acceptedTokens }) => acceptedTokens),
  };
}
