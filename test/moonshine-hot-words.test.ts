import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hotWordWriter } from '../inference/load-recognizer.ts';
import { crossMask } from '../inference/moonshine/decoder-feeds.ts';
import { DecodingBatch } from '../inference/moonshine/decoding-batch.ts';
import { DraftedDecoding } from '../inference/moonshine/draft.ts';
import { GreedySequence } from '../inference/moonshine/greedy-sequence.ts';
import { type Branch, branchSlots, feedBranches } from '../inference/moonshine/hot-words/branch-feeds.ts';
import { Moonshine } from '../inference/moonshine/moonshine.ts';
import { END_TOKEN } from '../inference/moonshine/special-tokens.ts';
import { SpeechCache } from '../inference/moonshine/speech-cache.ts';
import { TokenCache } from '../inference/moonshine/token-cache.ts';
import { detokenize } from '../inference/moonshine/tokens.ts';
import { type HotWords, SAMPLE_RATE } from '../inference/recognizer.ts';
import { DecoderRig } from './support/decoder-rig.ts';
import { clip, rebuiltMoonshine } from './support/models.ts';

const list = (...texts: readonly string[]): HotWords => ({
  key: texts.join('\n'),
  words: texts.map((text) => ({ text, weight: 1 })),
});

/** Five hundred words that nobody says, of sounds that everybody makes. */
const FIVE_HUNDRED = Array.from({ length: 500 }, (_, i) => {
  const syllables = ['ba', 'lor', 'shen', 'ti', 'mak', 'sto', 'ven', 'ru', 'ked', 'pil'];

  return [i % 10, Math.floor(i / 10) % 10, Math.floor(i / 100) + 3].map((at) => syllables[at]!).join('');
});

describe('Moonshine with hot words', () => {
  let moonshine: Moonshine;
  /** "You who were always accusing people of being shoppy at Helstone", which nobody can know how to write. */
  let speech: Float32Array;

  beforeAll(async () => {
    const graphs = await rebuiltMoonshine();
    if (graphs.kind !== 'rebuilt') throw new Error('These tests are about the rebuilt graphs.');
    moonshine = await Moonshine.load(graphs, 'cpu');
    speech = await clip('1688-142285-0005.flac');
  });

  afterAll(() => moonshine.close());

  const hear = async (hotWords?: HotWords, samples = speech) => {
    const segment = { samples: samples.slice(), language: null, ...(hotWords && { hotWords }) };
    const result = await moonshine.decode([segment]);

    return { ...result.hypotheses[0]!, passes: result.passes };
  };

  test('says that it listens for them', () => {
    expect(moonshine.capabilities.hotWords).toBe(true);
  });

  test('writes a name that it heard as other words', async () => {
    expect((await hear()).text).toMatch(/held sten$/);
    const { text, tokens, meanLogProb } = await hear(list('Helstone'));
    expect(text).toMatch(/^You who were always accusing people of being shoppy .* Helstone$/);
    expect(detokenize(tokens)).toBe(text);
    expect(meanLogProb).toBeLessThan((await hear()).meanLogProb!);
  });

  test('writes it among many others on the list', async () => {
    const { text } = await hear(list(...FIVE_HUNDRED.slice(0, 250), 'Helstone', ...FIVE_HUNDRED.slice(250)));
    expect(text).toMatch(/Helstone$/);
  });

  test('keeps what it heard where nothing sounds like a word on the list', async () => {
    const plain = await hear();
    for (const far of ['Zarathustra', 'Kubernetes', 'Wojciechowski', 'Guadalajara'])
      expect(await hear(list(far))).toEqual(plain);
  });

  test('keeps a word that sounds like one on the list and was heard well', async () => {
    const [said] = [await clip('1688-142285-0002.flac')];
    expect((await hear(list('Sully', 'Minh', 'Fort'), said)).text).toBe((await hear(undefined, said)).text);
  });

  test('weighs in one pass, and is not asked to weigh what is on the list but cannot be written', async () => {
    const plain = await hear();
    expect((await hear(list('Helstone', ...FIVE_HUNDRED))).passes).toBe(plain.passes + 1);
    expect(await hear(list('赫尔斯通', 'Хелстон', '×', ''))).toEqual(plain);
    expect(await hear(list(...new Array<string>(10_000).fill('х')))).toEqual(plain);
  });

  test('gives a heavier word precedence over what it takes for granted', async () => {
    const weighing = (weight: number) => ({ key: `${weight}`, words: [{ text: 'Chopin', weight }] });
    expect((await hear(weighing(0.1))).text).toContain('shoppy');
    expect((await hear(weighing(10))).text).toContain('Chopin');
  });
});

describe('The words that Moonshine can listen for', () => {
  test('are those in Latin letters, three at least', async () => {
    const canWrite = await hotWordWriter(await rebuiltMoonshine());
    const texts = [
      'MacKenzie',
      'Núñez',
      'GPT-4',
      'New South Wales',
      "O'Brien",
      '3M',
      '麦肯齐',
      'Маккензи',
      'Ng',
      '+',
      '',
    ];
    expect(texts.filter(canWrite)).toEqual([
      'MacKenzie',
      'Núñez',
      'GPT-4',
      'New South Wales',
      "O'Brien",
      '3M',
    ]);
    expect(canWrite('a'.repeat(65))).toBe(false);
  });
});

describe('Branches of a hypothesis', () => {
  let rig: DecoderRig;

  beforeAll(async () => {
    const graphs = await rebuiltMoonshine();
    if (graphs.kind !== 'rebuilt') throw new Error('These tests are about the rebuilt graphs.');
    rig = await DecoderRig.load(graphs);
  });

  afterAll(() => rig.release());

  test('are as likely in one pass as when the model chose the same tokens one by one', async () => {
    const samples = await clip('2414-128291-0000.flac');
    const memory = { speech: new SpeechCache(), tokens: new TokenCache() };
    const frames = await rig.encode([samples], memory.speech);
    const sequence = new GreedySequence(samples.length / SAMPLE_RATE);
    const decoding = new DraftedDecoding(sequence, []);
    await new DecodingBatch([{ decoding, frames: frames[0]! }], memory, rig).run();
    const { tokens, logProbs } = sequence;
    const all = [...tokens, END_TOKEN];
    const branches: Branch[] = [
      { from: 0, tokens: all },
      { from: 3, tokens: [9999, 1234, 777] },
      ...[1, 4, tokens.length].map((from) => ({ from, tokens: all.slice(from, from + 3) })),
    ];
    const weigh = async () => {
      const firstSlot = 1 + tokens.length;
      memory.tokens.reserve(firstSlot + branchSlots(branches));
      const { logits } = await rig.decode({
        ...memory.speech.rows(1),
        cross_mask: crossMask(frames, memory.speech.frames),
        ...memory.tokens.rows(1),
        ...feedBranches(tokens, branches, firstSlot, memory.tokens.slots),
      });

      return logProbsOf(logits!.data as Float32Array, branches);
    };
    const weighed = await weigh();
    for (const [i, { from, tokens: own }] of branches.entries()) {
      expect(weighed[i]).toHaveLength(own.length);
      if (i === 1) continue;
      for (const [k, logProb] of weighed[i]!.entries()) expect(logProb).toBeCloseTo(logProbs[from + k]!, 2);
    }
    // Company may have made more room in the cache.
    memory.tokens.reserve(300);
    expect(await weigh()).toEqual(weighed);
    expect(Math.max(...weighed[1]!)).toBeLessThan(-5);
  });
});

function logProbsOf(logits: Float32Array, branches: readonly Branch[]): readonly (readonly number[])[] {
  const size = 32_768;
  let at = 0;

  return branches.map(({ tokens }) =>
    tokens.map((token) => {
      const scores = logits.subarray(at * size, ++at * size);
      const most = scores.reduce((a, b) => Math.max(a, b));

      return scores[token]! - most - Math.log(scores.reduce((sum, score) => sum + Math.exp(score - most), 0));
    }),
  );
}
