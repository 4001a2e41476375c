import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Decoders, DecodingBatch, type DecodingRow } from '../inference/moonshine/decoding-batch.ts';
import { DraftedDecoding } from '../inference/moonshine/draft.ts';
import { GreedySequence } from '../inference/moonshine/greedy-sequence.ts';
import { Moonshine } from '../inference/moonshine/moonshine.ts';
import { SpeechCache } from '../inference/moonshine/speech-cache.ts';
import { TokenCache } from '../inference/moonshine/token-cache.ts';
import { SAMPLE_RATE, type SpeechSegment } from '../inference/recognizer.ts';
import { join, readClips } from './support/audio.ts';
import { DecoderRig } from './support/decoder-rig.ts';
import { rebuiltMoonshine } from './support/models.ts';

const segment = (samples: Float32Array, draft: readonly number[] = []): SpeechSegment => ({
  samples: samples.slice(),
  language: null,
  draft,
});

describe('Moonshine', () => {
  let moonshine: Moonshine;
  let clips: readonly Float32Array[];
  /** Eight stretches of speech from 0.6 to 4.3 s, and what each is heard as alone and without a draft. */
  let stretches: readonly Float32Array[];
  let cold: readonly (readonly number[])[];

  beforeAll(async () => {
    const graphs = await rebuiltMoonshine();
    if (graphs.kind !== 'rebuilt') throw new Error('These tests are about the rebuilt graphs.');
    moonshine = await Moonshine.load(graphs, 'cpu');
    clips = (await readClips()).map(({ samples }) => samples);
    stretches = [4.3, 0.6, 2.9, 1.1, 3.7, 2.2, 3.3, 1.6].map((seconds, i) =>
      clips[i % 2 === 0 ? 1 : 0]!.slice(0, seconds * SAMPLE_RATE),
    );
    cold = await oneByOne(stretches.map((samples) => segment(samples)));
  });

  afterAll(() => moonshine.close());

  const decode = async (batch: readonly SpeechSegment[]) =>
    (await moonshine.decode(batch)).hypotheses.map(({ tokens }) => tokens);

  async function oneByOne(list: readonly SpeechSegment[]) {
    const heard: (readonly number[])[] = [];
    for (const each of list) heard.push(...(await decode([each])));

    return heard;
  }

  /** Drafts by what they are, for the stretch with these tokens. */
  const DRAFTS: readonly (readonly [string, (own: readonly number[]) => readonly number[]])[] = [
    ['its own tokens', (own) => own],
    ['the beginning of its tokens', (own) => own.slice(0, -2)],
    ['a word put in front', (own) => [777, ...own]],
    ['every third token changed', (own) => own.map((token, i) => (i % 3 === 1 ? 31_000 - i : token))],
    ['nonsense', () => [29_999, 5, 12_345, 31_999, 32_767, 3]],
    [
      'more than the audio can hold',
      (own) => Array.from({ length: 400 }, (_, i) => own[i % own.length] ?? 9),
    ],
    ['ids that are no tokens', (own) => [-1, 0, 1, 2, 0.5, Number.NaN, 32_768, 2 ** 53, ...own]],
  ];

  test.each(DRAFTS)('hears the same with a draft of %s, alone', async (_, draft) => {
    const four = stretches.slice(0, 4).map((samples, i) => segment(samples, draft(cold[i]!)));
    expect(await oneByOne(four)).toEqual(cold.slice(0, 4));
  });

  test.each([2, 3, 5, 8])(
    'hears the same in batches of %i, each with another kind of draft',
    async (size) => {
      for (let turn = 0; turn < 2; turn++) {
        const batch = stretches.slice(0, size).map((samples, i) => {
          const [, draft] = DRAFTS[(i + turn * 3) % DRAFTS.length]!;

          return segment(samples, draft(cold[i]!));
        });
        expect(await decode(batch)).toEqual(cold.slice(0, size));
      }
    },
  );

  test('hears the same with the hypothesis of the window before, as partials are made', async () => {
    let before: readonly number[] = [];
    for (let seconds = 0.8; seconds <= 4; seconds += 0.8) {
      const window = clips[1]!.slice(0, seconds * SAMPLE_RATE);
      const [plain] = await decode([segment(window)]);
      expect(await decode([segment(window, before)])).toEqual([plain]);
      before = plain!;
    }
    expect(before.length).toBeGreaterThan(8);
  });

  test('hears the same when a row ends its 64 slots while another is fed many guesses', async () => {
    const long = join(...clips, ...clips).slice(0, 22 * SAMPLE_RATE);
    const [heard] = await decode([segment(long)]);
    expect(heard!.length).toBeGreaterThan(66);
    // After the first pass the first row goes on alone at the end of its slots, the second with nine at once.
    for (const right of [54, 62]) {
      const batch = [segment(long, heard!.slice(0, right)), segment(stretches[0]!, [777, ...cold[0]!])];
      expect(await decode(batch)).toEqual([heard, cold[0]]);
    }
  });

  test('hears the same in calls at the same time as in one after another', async () => {
    const batches = [stretches.slice(0, 3), stretches.slice(3, 4), stretches.slice(4)].map((list) =>
      list.map((samples) => segment(samples)),
    );
    const answers = await Promise.all(batches.map(decode));
    expect(answers.flat()).toEqual(cold);
    expect(await decode(batches[0]!)).toEqual(cold.slice(0, 3));
  });

  test('hears nothing of a batch before, not even of audio that is no numbers', async () => {
    const broken = segment(new Float32Array(5 * SAMPLE_RATE).fill(Number.NaN));
    await moonshine.decode([broken, broken, broken]);
    expect(await decode([segment(stretches[1]!)])).toEqual([cold[1]]);
    const batch = stretches.slice(0, 2).map((samples) => segment(samples));
    expect((await decode([broken, ...batch])).slice(1)).toEqual(cold.slice(0, 2));
  });
});

describe('A batch being decoded', () => {
  let rig: DecoderRig;
  let clips: readonly Float32Array[];
  const memory = { speech: new SpeechCache(), tokens: new TokenCache() };

  beforeAll(async () => {
    const graphs = await rebuiltMoonshine();
    if (graphs.kind !== 'rebuilt') throw new Error('These tests are about the rebuilt graphs.');
    rig = await DecoderRig.load(graphs);
    clips = (await readClips()).map(({ samples }) => samples);
  });

  afterAll(() => rig.release());

  async function decode(audio: readonly Float32Array[], lent: typeof memory, decoders: Decoders = rig) {
    const frames = await rig.encode(audio, lent.speech);
    const rows: DecodingRow[] = audio.map(({ length }, i) => ({
      decoding: new DraftedDecoding(new GreedySequence(length / SAMPLE_RATE), []),
      frames: frames[i]!,
    }));
    await new DecodingBatch(rows, lent, decoders).run();

    return rows.map(({ decoding }) => decoding.sequence.hypothesis());
  }

  test('leaves memory that can be used again when a pass fails', async () => {
    const short = [clips[2]!.slice(0, SAMPLE_RATE)];
    const expected = await decode(short, { speech: new SpeechCache(), tokens: new TokenCache() });
    let passes = 0;
    const failing: Decoders = {
      decode: (feeds) => (++passes > 5 ? Promise.reject(new Error('out of memory')) : rig.decode(feeds)),
      decodeAll: (feeds) => rig.decodeAll(feeds),
      decodePrecisely: (feeds) => rig.decodePrecisely(feeds),
    };
    await expect(decode(clips.slice(0, 3), memory, failing)).rejects.toThrow('out of memory');
    expect(await decode(short, memory)).toEqual(expected);
  });

  test('gives log-probabilities that company moves by no more than a float can tell', async () => {
    const together = await decode(clips, memory);
    for (const [i, samples] of clips.entries()) {
      const [alone] = await decode([samples], memory);
      expect(together[i]!.text).toBe(alone!.text);
      expect(together[i]!.meanLogProb).toBeCloseTo(alone!.meanLogProb!, 6);
    }
  });
});
