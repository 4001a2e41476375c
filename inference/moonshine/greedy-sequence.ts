import type { Hypothesis } from '../recognizer.ts';
import { findLoop } from './repetition.ts';
import { END_TOKEN, START_TOKEN } from './special-tokens.ts';
import { detokenize } from './tokens.ts';

/** Speech does not hold more; a decoder that says more is inventing it. */
const MAX_TOKENS_PER_SECOND = 6.5;
/** Leave for very short segments, in which one word may take several tokens. */
const MIN_TOKEN_LIMIT = 6;

/** One row of a batch being decoded greedily: its tokens so far and why it ended. */
export class GreedySequence {
  readonly #tokenLimit: number;
  #tokens: number[] = [];
  #logProbs: number[] = [];
  #cut: Hypothesis['cut'] = null;
  #finished = false;

  constructor(audioSeconds: number) {
    this.#tokenLimit = Math.max(MIN_TOKEN_LIMIT, Math.ceil(audioSeconds * MAX_TOKENS_PER_SECOND));
  }

  /** Most tokens the audio can hold. */
  get tokenLimit(): number {
    return this.#tokenLimit;
  }

  /** Why it was stopped before it ended by itself, or null. */
  get cut(): Hypothesis['cut'] {
    return this.#cut;
  }

  /** Whether it has ended, by itself or cut. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Those heard so far, without marks. */
  get tokens(): readonly number[] {
    return this.#tokens;
  }

  /** Natural-log probability of each token, and of the end mark where the model set it. */
  get logProbs(): readonly number[] {
    return this.#logProbs;
  }

  /** What the next pass is fed. */
  get lastToken(): number {
    return this.#tokens.at(-1) ?? START_TOKEN;
  }

  /** Takes the most likely token of the next position, and its natural-log probability. */
  accept(token: number, logProb: number): void {
    this.#logProbs.push(logProb);
    if (token === END_TOKEN) {
      this.#finished = true;
      return;
    }
    this.#tokens.push(token);
    const kept = findLoop(this.#tokens);
    if (kept !== null) {
      this.#tokens = this.#tokens.slice(0, kept);
      this.#end('repetition');
    } else if (this.#tokens.length >= this.#tokenLimit) {
      this.#end('length');
    }
  }

  /** Has other tokens heard instead of `[from, to)`. @param logProbs of each of them. */
  replace(from: number, to: number, tokens: readonly number[], logProbs: readonly number[]): void {
    this.#tokens.splice(from, to - from, ...tokens);
    this.#logProbs.splice(from, to - from, ...logProbs);
  }

  /** What has been heard so far. */
  hypothesis(): Hypothesis {
    const steps = this.#logProbs.length;

    return {
      text: detokenize(this.#tokens),
      tokens: this.#tokens,
      meanLogProb: steps === 0 ? null : this.#logProbs.reduce((sum, logProb) => sum + logProb, 0) / steps,
      cut: this.#cut,
    };
  }

  #end(cut: 'repetition' | 'length'): void {
    this.#cut = cut;
    this.#finished = true;
  }
}
