/** Longest phrase, in tokens, whose repetition is looked for. */
export const MAX_PHRASE_TOKENS = 16;
/** A phrase said this often in a row, … */
const MIN_REPEATS = 4;
/** … over at least this many tokens, is a decoder in a loop: people say "no" five times, but not twelve. */
const MIN_LOOP_TOKENS = 12;
/** How many tokens of repetition make a loop of a phrase of so many. */
export const LOOPS: readonly { readonly phrase: number; readonly loopTokens: number }[] = Array.from(
  { length: MAX_PHRASE_TOKENS },
  (_, i) => ({
    phrase: i + 1,
    loopTokens: (i + 1) * Math.max(MIN_REPEATS, Math.ceil(MIN_LOOP_TOKENS / (i + 1))),
  }),
);

/**
 * Finds the loop that `tokens` ends in. Autoregressive decoders fall into such loops on noise and cut words, and
 * would go on to the length limit.
 * @returns how many leading tokens to keep, the loop's first phrase included; null when there is no loop.
 */
export function findLoop(tokens: readonly number[]): number | null {
  for (const { phrase, loopTokens } of LOOPS) {
    if (loopTokens > tokens.length) continue;
    const start = tokens.length - loopTokens;
    let i = start + phrase;
    while (i < tokens.length && tokens[i] === tokens[i - phrase]) i++;
    if (i === tokens.length) return start + phrase;
  }
  return null;
}
