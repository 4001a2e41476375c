import type { GreedySequence } from './greedy-sequence.ts';
import { START_TOKEN } from './special-tokens.ts';

/** How far ahead in the rest of a draft a generated token is looked for. */
const REALIGN_WINDOW_TOKENS = 4;
/** Tokens guessed at once as long as the draft is right: of each the graph makes a row of 32,768 scores. */
const GUESSED_TOKENS = 64;
/** Tokens guessed at once after the text has parted from its draft: a pass of 8 costs about as much as three of 1. */
export const REALIGNED_GUESS_TOKENS = 8;

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
  /** Pending tokens whose successors have been taken. */
  #taken = 0;
  /** What is left of the draft behind `#pending`. */
  #rest: readonly number[];
  #guessed = 0;
  #accepted = 0;

  constructor(sequence: GreedySequence, draft: readonly number[]) {
    this.sequence = sequence;
    this.#pending = [START_TOKEN, ...draft.slice(0, GUESSED_TOKENS)];
    this.#rest = draft.slice(GUESSED_TOKENS);
  }

  /** Tokens fed as guesses so far, and how many of them the model agreed with. */
  get guesses(): { readonly guessed: number; readonly accepted: number } {
    return { guessed: this.#guessed, accepted: this.#accepted };
  }

  /** What to feed next, as long as the sequence has not finished. */
  get pending(): readonly number[] {
    return this.#pending;
  }

  /**
   * Takes what the model chooses after the first pending token, then after the second, and so on.
   * @returns whether the next pending token turned out right, so that what is chosen after it counts as well.
   */
  accept(token: number, logProb: number): boolean {
    if (this.#taken === 0) this.#guessed += this.#pending.length - 1;
    this.#taken++;
    this.sequence.accept(token, logProb);
    if (this.sequence.finished) return false;
    if (this.#pending[this.#taken] === token) {
      this.#accepted++;

      return true;
    }
    this.#goOn(token, [...this.#pending.slice(this.#taken), ...this.#rest]);

    return false;
  }

  /** Feeds `token` next, and behind it what the draft says comes after it. */
  #goOn(token: number, rest: readonly number[]): void {
    const found = rest.slice(0, REALIGN_WINDOW_TOKENS).indexOf(token);
    const isStillRight = found === 0 && this.#taken === this.#pending.length;
    const count = isStillRight ? GUESSED_TOKENS : REALIGNED_GUESS_TOKENS;
    const guess = found < 0 ? [] : rest.slice(found + 1, found + 1 + count);
    this.#pending = [token, ...guess];
    this.#taken = 0;
    this.#rest = found < 0 ? rest : rest.slice(found + 1 + guess.length);
  }
}
