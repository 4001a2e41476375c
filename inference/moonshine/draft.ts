import type { GreedySequence } from './greedy-sequence.ts';
import { END_TOKEN, START_TOKEN } from './tokens.ts';

/** How far ahead in the rest of a draft a generated token is looked for. */
const REALIGN_WINDOW_TOKENS = 4;
/** Tokens guessed at once after the text has parted from its draft: a pass of 8 costs about as much as three of 1. */
const REALIGNED_GUESS_TOKENS = 8;

/**
 * Decodes one segment, several tokens a pass where its draft is right: the draft's tokens are fed together, and those
 * are kept that the model itself would have chosen (speculative decoding with a fixed draft; Leviathan, Kalman and
 * Matias, "Fast inference from transformers via speculative decoding", 2023). What comes out is the greedy result,
 * whatever the draft.
 *
 * Where the model chooses otherwise, it goes on token by token until it says something that stands a little further
 * on in the draft; from there the draft is tried again. So a comma that moved does not throw the rest away.
 */
export class DraftedDecoding {
  readonly sequence: GreedySequence;
  /** Tokens the next pass is fed. All but the first are guesses. */
  #pending: readonly number[];
  /** What is left of the draft behind `#pending`. */
  #rest: readonly number[];
  #guessed = 0;
  #accepted = 0;

  constructor(sequence: GreedySequence, draft: readonly number[]) {
    this.sequence = sequence;
    this.#pending = [START_TOKEN, ...draft];
    this.#rest = [];
  }

  /** Tokens fed as guesses so far, and how many of them the model agreed with. */
  get guesses(): { readonly guessed: number; readonly accepted: number } {
    return { guessed: this.#guessed, accepted: this.#accepted };
  }

  /** What to feed next; one end mark when the sequence has finished but is still carried along. */
  get pending(): readonly number[] {
    return this.sequence.finished ? [END_TOKEN] : this.#pending;
  }

  /**
   * Takes what the model chooses after each pending token.
   * @returns how many of the pending tokens turned out right: those may be looked back on, the others not.
   */
  accept(choices: readonly { readonly token: number; readonly logProb: number }[]): number {
    const pending = this.pending;
    if (this.sequence.finished) return 0;
    this.#guessed += pending.length - 1;
    for (const [i, { token, logProb }] of choices.entries()) {
      this.sequence.accept(token, logProb);
      if (this.sequence.finished) return i + 1;
      if (pending[i + 1] === token) {
        this.#accepted++;
        continue;
      }
      this.#goOn(token, [...pending.slice(i + 1), ...this.#rest]);

      return i + 1;
    }

    return choices.length;
  }

  /** Feeds `token` next, and behind it what the draft says comes after it. */
  #goOn(token: number, rest: readonly number[]): void {
    const found = rest.slice(0, REALIGN_WINDOW_TOKENS).indexOf(token);
    const guess = found < 0 ? [] : rest.slice(found + 1, found + 1 + REALIGNED_GUESS_TOKENS);
    this.#pending = [token, ...guess];
    this.#rest = found < 0 ? rest : rest.slice(found + 1 + guess.length);
  }
}
