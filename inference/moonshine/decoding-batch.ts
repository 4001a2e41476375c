import { Tensor } from 'onnxruntime-node';
import { crossMask, feedTokens } from './decoder-feeds.ts';
import { type DraftedDecoding, REALIGNED_GUESS_TOKENS } from './draft.ts';
import { type Branch, branchSlots, feedBranches } from './hot-words/branch-feeds.ts';
import type { ListedWord } from './hot-words/hot-word-list.ts';
import { mend } from './hot-words/mending.ts';
import type { SpeechCache } from './speech-cache.ts';
import type { TokenCache } from './token-cache.ts';
import type { Values } from './values.ts';

/** One segment of a batch: its decoding, and how much speech there is. */
export interface DecodingRow {
  readonly decoding: DraftedDecoding;
  /** Frames of the speech before they were padded. */
  readonly frames: number;
  /** Hot words to look for. */
  readonly words?: readonly ListedWord[];
}

/** What a batch keeps from pass to pass. Lent to one batch at a time. */
export interface DecodingMemory {
  /** Holds the speech of the rows, in their order. */
  readonly speech: SpeechCache;
  readonly tokens: TokenCache;
}

/** The two graphs that choose tokens: `rebuild/decoder-graph.ts` says what they take and give. */
export interface Decoders {
  /** All but `logits`. */
  decode(feeds: Values): Promise<Values>;
  /** `logits`, `scores` and `probabilities`. */
  decodeAll(feeds: Values): Promise<Values>;
  decodePrecisely(feeds: Values): Promise<Values>;
}

/** A row that has not finished, and how many tokens of it are in the cache. */
interface LiveRow extends DecodingRow {
  position: number;
}

/**
 * Where the first two scores are closer than this, floats decide: bytes move the difference by 0.05 (root mean square
 * over 2,621 choices; at most 0.29), and 2.7 % of choices are so close.
 */
const DOUBTFUL_MARGIN = 0.3;

/**
 * Segments that are decoded together. Shorter speech is padded to the longest and fewer pending tokens to the most,
 * and masked: a row's result is the same to the bit as when it is decoded alone and token by token. A row that has
 * finished leaves, and the last one takes its place.
 */
export class DecodingBatch {
  readonly #decoders: Decoders;
  readonly #memory: DecodingMemory;
  #rows: LiveRow[];
  /** What changes only when a row leaves. */
  #speechFeeds: Values;
  #passes = 0;

  /** @param memory whose `speech` is that of the rows. */
  constructor(rows: readonly DecodingRow[], memory: DecodingMemory, decoders: Decoders) {
    this.#decoders = decoders;
    this.#memory = memory;
    this.#rows = rows.map((row) => ({ ...row, position: 0 }));
    memory.tokens.open(rows.length);
    this.#speechFeeds = this.#feedSpeech();
  }

  /** Decodes until every row has finished. @returns the passes it took. */
  async run(): Promise<number> {
    while (this.#rows.length > 0) {
      for (const [index, row] of this.#rows.entries()) while (isWide(row)) await this.#pass(index, 1);
      await this.#dropFinished();
      if (this.#rows.length > 0) await this.#pass(0, this.#rows.length);
      await this.#dropFinished();
    }

    return this.#passes;
  }

  /** Feeds the pending tokens of `count` rows. */
  async #pass(first: number, count: number): Promise<void> {
    const { tokens: cache } = this.#memory;
    const all = count === this.#rows.length;
    const rows = this.#rows.slice(first, first + count);
    const fed = rows.map(({ decoding, position }) => ({ pending: decoding.pending, position }));
    // Every row is fed as many tokens as the one with the most.
    const width = Math.max(...fed.map(({ pending }) => pending.length));
    cache.reserve(Math.max(...fed.map(({ position }) => position)) + width);
    const made = await this.#decoders.decode({
      ...(all ? this.#speechFeeds : this.#feedSpeechOf(first)),
      ...(all ? cache.rows(count) : cache.row(first)),
      ...feedTokens(fed, cache.slots),
    });
    this.#passes++;
    for (let i = 0; i < count; i++) await this.#take(first + i, made, i * width);
  }

  /** Takes what a pass gave for one row from `start` on, as far as its pending tokens were right. */
  async #take(index: number, made: Values, start: number): Promise<void> {
    const row = this.#rows[index]!;
    for (let i = 0, right = true; right; i++) {
      const at = start + i;
      this.#memory.tokens.keep(index, row.position, made.fresh!, at);
      const scores = slice(made.scores!, at) as Float32Array;
      const candidates = slice(made.candidates!, at) as BigInt64Array;
      const doubtful = scores[0]! - scores[1]! < DOUBTFUL_MARGIN;
      const best = doubtful ? await this.#weighAgain(index, row.decoding.pending[i]!, candidates) : 0;
      // Taken here, because the runtime's logarithm of several numbers differs from that of one in the last bit.
      const first = Math.log((made.probabilities!.data as Float32Array)[at]!);
      row.position++;
      right = row.decoding.accept(Number(candidates[best]), first + scores[best]! - scores[0]!);
    }
  }

  /** Which of the candidates to follow `token`, a row's newest in the cache, is the likeliest in floats. */
  async #weighAgain(index: number, token: number, candidates: BigInt64Array): Promise<number> {
    const { tokens: cache } = this.#memory;
    const { position } = this.#rows[index]!;
    const { scores } = await this.#decoders.decodePrecisely({
      ...this.#feedSpeechOf(index),
      ...cache.row(index),
      ...feedTokens([{ pending: [token], position }], cache.slots),
      candidates: new Tensor('int64', candidates, [1, 1, candidates.length]),
    });
    const values = scores!.data as Float32Array;

    return values.indexOf(Math.max(...values));
  }

  async #dropFinished(): Promise<void> {
    const { speech, tokens } = this.#memory;
    const before = this.#rows.length;
    for (let i = before - 1; i >= 0; i--) {
      const { decoding, words = [] } = this.#rows[i]!;
      if (!decoding.sequence.finished) continue;
      if (words.length > 0) await this.#mend(i, words);
      const last = this.#rows.pop()!;
      if (i === this.#rows.length) continue;
      this.#rows[i] = last;
      speech.move(this.#rows.length, i);
      tokens.move(this.#rows.length, i);
    }
    if (this.#rows.length < before) this.#speechFeeds = this.#feedSpeech();
  }

  /** Puts hot words into what a row that has finished was heard as. */
  async #mend(index: number, words: readonly ListedWord[]): Promise<void> {
    const { sequence } = this.#rows[index]!.decoding;
    const weighed = await mend(sequence, words, (branches) => this.#weigh(index, branches));
    if (weighed) this.#passes++;
  }

  /** How likely the tokens of each branch of a row are, as natural logarithms. */
  async #weigh(index: number, branches: readonly Branch[]): Promise<readonly (readonly number[])[]> {
    const { tokens: cache } = this.#memory;
    const { tokens } = this.#rows[index]!.decoding.sequence;
    // Behind the begin mark and all tokens, wherever the row stopped: the same slots whatever led there.
    const firstSlot = 1 + tokens.length;
    cache.reserve(firstSlot + branchSlots(branches));
    const made = await this.#decoders.decodeAll({
      ...this.#feedSpeechOf(index),
      ...cache.row(index),
      ...feedBranches(tokens, branches, firstSlot, cache.slots),
    });
    const probabilities = made.probabilities!.data as Float32Array;
    let at = 0;

    return branches.map(({ tokens: own }) =>
      own.map((token) => {
        const [best] = slice(made.scores!, at) as Float32Array;
        const logProb =
          (slice(made.logits!, at) as Float32Array)[token]! - best! + Math.log(probabilities[at]!);
        at++;

        return logProb;
      }),
    );
  }

  #feedSpeechOf(index: number): Values {
    const { speech } = this.#memory;

    return { ...speech.row(index), cross_mask: crossMask([this.#rows[index]!.frames], speech.frames) };
  }

  #feedSpeech(): Values {
    const { speech } = this.#memory;
    const frames = this.#rows.map((row) => row.frames);

    return { ...speech.rows(frames.length), cross_mask: crossMask(frames, speech.frames) };
  }
}

/** Whether a row has so many tokens to be fed that others would only be filled up to as many: it goes alone. */
function isWide({ decoding }: LiveRow): boolean {
  return !decoding.sequence.finished && decoding.pending.length > 1 + REALIGNED_GUESS_TOKENS;
}

/** The numbers of one position of `[rows, positions, …]`, counted over all rows. */
function slice({ data, dims }: Tensor, position: number): Tensor['data'] {
  const size = dims[2]!;

  return (data as Float32Array).subarray(position * size, (position + 1) * size);
}
