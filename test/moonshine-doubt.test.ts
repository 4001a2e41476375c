import { Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { type Decoders, DecodingBatch } from '../inference/moonshine/decoding-batch.ts';
import { CACHE_PLANES, HEAD_SIZE } from '../inference/moonshine/dimensions.ts';
import { DraftedDecoding } from '../inference/moonshine/draft.ts';
import { GreedySequence } from '../inference/moonshine/greedy-sequence.ts';
import { END_TOKEN, START_TOKEN } from '../inference/moonshine/special-tokens.ts';
import { SpeechCache } from '../inference/moonshine/speech-cache.ts';
import { TokenCache } from '../inference/moonshine/token-cache.ts';
import type { Values } from '../inference/moonshine/values.ts';

/** What the decoder gives for the position after a token: four candidates and how it likes them. */
interface Choice {
  readonly candidates: readonly number[];
  readonly scores: readonly number[];
  readonly logProb: number;
}

/** A choice that leaves no doubt. */
const clear = (token: number): Choice => ({
  candidates: [token, 9001, 9002, 9003],
  scores: [8, 4, 3, 2],
  logProb: -0.125,
});

/** A choice between two tokens whose scores are so far apart. */
const close = (first: number, second: number, margin: number): Choice => ({
  candidates: [first, second, 9002, 9003],
  scores: [8, 8 - margin, 3, 2],
  logProb: -0.5,
});

/** What the precise decoder was asked. */
interface Question {
  readonly speech: number;
  readonly token: number;
  readonly position: number;
  readonly candidates: readonly number[];
  /** The token that each slot of the cache holds, and how many slots the mask shows. */
  readonly kept: readonly number[];
  readonly visible: number;
}

const numbers = (values: Values, name: string) => Array.from(values[name]!.data as Float32Array, Number);

/**
 * Decoders that follow a script, by what speech a row is of and what token they are fed; every number that a token
 * leaves in the cache is the token itself.
 */
class ScriptedDecoders implements Decoders {
  readonly questions: Question[] = [];
  /** Rows and positions of each pass. */
  readonly passes: (readonly number[])[] = [];
  readonly #script: Readonly<Record<number, Readonly<Record<number, Choice>>>>;
  readonly #preciseScores: readonly number[];

  constructor(
    script: Readonly<Record<number, Readonly<Record<number, Choice>>>>,
    preciseScores: readonly number[],
  ) {
    this.#script = script;
    this.#preciseScores = preciseScores;
  }

  async decode(feeds: Values): Promise<Values> {
    const [rows, width] = feeds.tokens!.dims as [number, number];
    this.passes.push([rows, width]);
    const tokens = numbers(feeds, 'tokens');
    const speech = numbers(feeds, 'cross_key_0');
    const choices = tokens.map((token, i) => {
      const row = Math.floor(i / width);

      return this.#script[speech[(row * speech.length) / rows]!]![token] ?? clear(END_TOKEN);
    });
    const vector = CACHE_PLANES * HEAD_SIZE;
    const floats = (dims: readonly number[], values: readonly number[]) =>
      new Tensor('float32', Float32Array.from(values), dims);

    return {
      candidates: new Tensor(
        'int64',
        BigInt64Array.from(choices.flatMap(({ candidates }) => candidates).map(BigInt)),
        [rows, width, 4],
      ),
      scores: floats(
        [rows, width, 4],
        choices.flatMap(({ scores }) => scores),
      ),
      probabilities: floats(
        [rows, width],
        choices.map(({ logProb }) => Math.exp(logProb)),
      ),
      fresh: floats(
        [rows, width, CACHE_PLANES, HEAD_SIZE],
        tokens.flatMap((token) => new Array<number>(vector).fill(token)),
      ),
    };
  }

  decodeAll(): Promise<Values> {
    return Promise.reject(new Error('There are no hot words.'));
  }

  async decodePrecisely(feeds: Values): Promise<Values> {
    const slots = feeds.cache_value_5!.dims[3]!;
    const lastHead = numbers(feeds, 'cache_value_5').slice(-slots * HEAD_SIZE);
    const kept = lastHead.filter((_, i) => i % HEAD_SIZE === 0);
    this.questions.push({
      speech: numbers(feeds, 'cross_value_5')[0]!,
      token: numbers(feeds, 'tokens')[0]!,
      position: numbers(feeds, 'positions')[0]!,
      candidates: numbers(feeds, 'candidates'),
      kept: kept.slice(0, kept.findLastIndex((number) => number !== 0) + 1),
      visible: numbers(feeds, 'self_mask').filter((value) => value === 0).length,
    });

    return { scores: new Tensor('float32', Float32Array.from(this.#preciseScores), [1, 1, 4]) };
  }
}

/** Decodes rows of speech 1, 2, … each with its draft. */
async function decode(decoders: Decoders, drafts: readonly (readonly number[])[]) {
  const memory = { speech: new SpeechCache(), tokens: new TokenCache() };
  memory.speech.open(drafts.length, 40);
  const rows = drafts.map((draft, i) => {
    for (const { data } of Object.values(memory.speech.row(i))) (data as Float32Array).fill(i + 1);

    return { decoding: new DraftedDecoding(new GreedySequence(10), draft), frames: 40 };
  });
  const passes = await new DecodingBatch(rows, memory, decoders).run();

  return { hypotheses: rows.map(({ decoding }) => decoding.sequence.hypothesis()), passes };
}

const BEST_IS_SECOND = [5, 6, 1, 1];

describe('A row with a long draft', () => {
  test('is fed alone, so that no other is filled up to as many tokens, and joins the others then', async () => {
    const text = Array.from({ length: 20 }, (_, i) => 500 + i);
    const reciting = Object.fromEntries([START_TOKEN, ...text].map((token, i) => [token, clear(500 + i)]));
    const decoders = new ScriptedDecoders(
      { 1: reciting, 2: { [START_TOKEN]: clear(600), 600: clear(700) }, 3: reciting },
      BEST_IS_SECOND,
    );
    const { hypotheses } = await decode(decoders, [text.slice(0, 12), [], text.slice(0, 8)]);
    expect(hypotheses.map(({ tokens }) => tokens.length)).toEqual([21, 2, 21]);
    expect(decoders.passes.slice(0, 2)).toEqual([
      [1, 13],
      [3, 9],
    ]);
  });
});

describe('A choice in doubt', () => {
  test('is weighed again in floats, with the newest token in the cache', async () => {
    const decoders = new ScriptedDecoders(
      { 1: { [START_TOKEN]: clear(500), 500: close(600, 700, 0.25), 700: clear(800) } },
      BEST_IS_SECOND,
    );
    const { hypotheses } = await decode(decoders, [[]]);
    expect(hypotheses[0]!.tokens).toEqual([500, 700, 800]);
    expect(decoders.questions).toEqual([
      {
        speech: 1,
        token: 500,
        position: 1,
        candidates: [600, 700, 9002, 9003],
        kept: [START_TOKEN, 500],
        visible: 2,
      },
    ]);
  });

  test('is one where less than 0.3 lies between the first two', async () => {
    for (const [margin, asked] of [
      [0, 1],
      [0.29, 1],
      [0.31, 0],
    ] as const) {
      const decoders = new ScriptedDecoders(
        { 1: { [START_TOKEN]: close(600, 700, margin) } },
        BEST_IS_SECOND,
      );
      const { hypotheses } = await decode(decoders, [[]]);
      expect(decoders.questions).toHaveLength(asked);
      expect(hypotheses[0]!.tokens).toEqual([asked ? 700 : 600]);
    }
  });

  test('has the log-probability of what is chosen, whichever that is', async () => {
    const script = { 1: { [START_TOKEN]: close(600, 700, 0.25) } };
    const meanOf = async (preciseScores: readonly number[]) =>
      (await decode(new ScriptedDecoders(script, preciseScores), [[]])).hypotheses[0]!.meanLogProb;
    // The mean with the end mark, whose log-probability is -0.125.
    expect(await meanOf([6, 5, 1, 1])).toBeCloseTo((-0.5 - 0.125) / 2, 6);
    expect(await meanOf([5, 6, 1, 1])).toBeCloseTo((-0.75 - 0.125) / 2, 6);
    expect(await meanOf([1, 1, 1, 6])).toBeCloseTo((-6.5 - 0.125) / 2, 6);
  });

  test('decides whether a draft is right', async () => {
    const script = {
      1: {
        [START_TOKEN]: clear(500),
        500: close(600, 700, 0.25),
        600: clear(650),
        650: clear(660),
        700: clear(800),
      },
    };
    const right = await decode(new ScriptedDecoders(script, [6, 5, 1, 1]), [[500, 600, 650, 660]]);
    expect([right.hypotheses[0]!.tokens, right.passes]).toEqual([[500, 600, 650, 660], 1]);
    const wrong = new ScriptedDecoders(script, BEST_IS_SECOND);
    const { hypotheses, passes } = await decode(wrong, [[500, 600, 650, 660]]);
    expect([hypotheses[0]!.tokens, passes]).toEqual([[500, 700, 800], 3]);
    // Nothing that the draft had after it was looked back on.
    expect(wrong.questions.map(({ kept, visible }) => [kept, visible])).toEqual([[[START_TOKEN, 500], 2]]);
  });

  test('is weighed with the speech and the tokens of its own row, also after rows have left', async () => {
    const decoders = new ScriptedDecoders(
      {
        1: { [START_TOKEN]: clear(510), 510: clear(END_TOKEN) },
        2: { [START_TOKEN]: clear(520), 520: clear(521), 521: close(522, 523, 0.1) },
        3: { [START_TOKEN]: clear(530), 530: close(531, 532, 0.2), 532: close(533, 534, 0.2) },
      },
      BEST_IS_SECOND,
    );
    const { hypotheses } = await decode(decoders, [[], [], []]);
    expect(hypotheses.map(({ tokens }) => tokens)).toEqual([[510], [520, 521, 523], [530, 532, 534]]);
    expect(decoders.questions.map(({ speech, kept }) => [speech, kept])).toEqual([
      [3, [START_TOKEN, 530]],
      [3, [START_TOKEN, 530, 532]],
      [2, [START_TOKEN, 520, 521]],
    ]);
  });
});
