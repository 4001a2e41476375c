import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Hypothesis,
  type Recognizer,
  SAMPLE_RATE,
  type SpeechSegment,
} from '../../inference/recognizer.ts';
import { clip } from '../support/models.ts';

/** One recogniser that has to keep the contract. */
export interface RecognizerUnderTest {
  readonly name: string;
  /** Loads a new one, which the tests close. */
  create(): Promise<Recognizer>;
  /** Whether it hears words, rather than what a script says. */
  readonly real: boolean;
}

/** A segment of its own: its buffer belongs to whoever decodes it. */
export function segment(samples: Float32Array): SpeechSegment {
  return { samples: samples.slice(), language: null };
}

/** What every recogniser keeps. */
export function describeRecognizer({ name, create, real }: RecognizerUnderTest): void {
  describe(`${name} as a recogniser`, () => {
    let recognizer: Recognizer;
    /** Three stretches of speech of one length, and two of other lengths. */
    let equal: Float32Array[];
    let mixed: Float32Array[];

    beforeAll(async () => {
      recognizer = await create();
      const [first, second] = await Promise.all(['1688-142285-0002.flac', '2414-128291-0000.flac'].map(clip));
      const length = 1.5 * SAMPLE_RATE;
      equal = [first!.slice(0, length), second!.slice(0, length), first!.slice(length / 2, length * 1.5)];
      mixed = [equal[0]!, second!.slice(0, SAMPLE_RATE), equal[1]!, first!.slice(0, 0.7 * SAMPLE_RATE + 1)];
    });

    afterAll(() => recognizer.close());

    const decode = async (list: readonly Float32Array[]) =>
      (await recognizer.decode(list.map(segment))).hypotheses.map(({ text, tokens, cut }) => ({
        text,
        tokens,
        cut,
      }));
    const oneByOne = async (list: readonly Float32Array[]) => {
      const answers = [];
      for (const samples of list) answers.push(...(await decode([samples])));

      return answers;
    };

    test('says what it can do', () => {
      const { languages, maxBatchSize, maxSegmentSamples, concurrency } = recognizer.capabilities;
      expect(languages.length).toBeGreaterThan(0);
      for (const count of [maxBatchSize, maxSegmentSamples, concurrency])
        expect(count).toBeGreaterThanOrEqual(1);
    });

    test('answers segments of equal length in their order, as it answers each alone', async () => {
      const answers = await decode(equal);
      expect(answers).toEqual(await oneByOne(equal));
      expect(answers.every(({ text }) => text !== '')).toBe(true);
    });

    test('answers segments of different lengths in their order, as it answers each alone', async () => {
      const answers = await decode(mixed);
      expect(answers).toEqual(await oneByOne(mixed));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(mixed.length);
    });

    test('says how sure it is and how long it took', async () => {
      const { hypotheses, inferenceMs } = await recognizer.decode([segment(equal[0]!)]);
      expect(hypotheses[0]!.meanLogProb ?? 0).toBeLessThanOrEqual(0);
      expect(inferenceMs).toBeGreaterThan(0);
    });

    test('takes as many segments as it says and refuses one more, and none', async () => {
      const { maxBatchSize } = recognizer.capabilities;
      const short = new Float32Array(1600);
      expect(await decode(new Array(maxBatchSize).fill(short))).toHaveLength(maxBatchSize);
      for (const count of [0, maxBatchSize + 1]) {
        const batch = Array.from({ length: count }, () => segment(short));
        await expect(recognizer.decode(batch)).rejects.toMatchObject({
          name: 'RecognizerError',
          reason: 'invalid',
        });
      }
    });

    test('refuses a batch with an empty segment or one too long, and goes on', async () => {
      for (const samples of [0, recognizer.capabilities.maxSegmentSamples + 1]) {
        const batch = [segment(new Float32Array(1600)), segment(new Float32Array(samples))];
        await expect(recognizer.decode(batch)).rejects.toMatchObject({
          name: 'RecognizerError',
          reason: 'invalid',
        });
      }
      expect(await decode([equal[0]!])).toHaveLength(1);
    });

    test('is idle for as many batches as it decodes at once, fewer while it decodes', async () => {
      const { concurrency } = recognizer.capabilities;
      expect(recognizer.idle).toBe(concurrency);
      const decoding = decode([equal[0]!]);
      expect(recognizer.idle).toBe(concurrency - 1);
      await decoding;
      expect(recognizer.idle).toBe(concurrency);
    });

    test('tells its listener when it may take another batch, and only the last listener', async () => {
      const told: string[] = [];
      recognizer.onIdle(() => told.push('first'));
      recognizer.onIdle(() => told.push(`second, ${recognizer.idle} idle`));
      await decode([equal[0]!]);
      expect(told).toEqual([`second, ${recognizer.capabilities.concurrency} idle`]);
    });

    test('is idle again after a batch that it refused', async () => {
      await expect(recognizer.decode([])).rejects.toMatchObject({ reason: 'invalid' });
      expect(recognizer.idle).toBe(recognizer.capabilities.concurrency);
    });

    test('closes once however often it is told to, and decodes nothing afterwards', async () => {
      const another = await create();
      await Promise.all([another.close(), another.close()]);
      await another.close();
      await expect(another.decode([segment(equal[0]!)])).rejects.toMatchObject({
        name: 'RecognizerError',
        reason: 'closed',
      });
      expect(another.idle).toBe(0);
    });

    // A double hears what its script says.
    if (!real) return;

    test('hears no words in silence, nor in a single sample', async () => {
      expect(await decode([new Float32Array(SAMPLE_RATE)])).toMatchObject([{ text: '', tokens: [] }]);
      expect(await decode([new Float32Array(1)])).toMatchObject([{ text: '' }]);
    });

    test('hears the same with any draft, alone and in company', async () => {
      const speech = await clip('1688-142285-0005.flac');
      const growing = [1, 2, 3, 4].map((seconds) => speech.slice(0, seconds * SAMPLE_RATE));
      let before: readonly number[] = [];
      const drafted: SpeechSegment[] = [];
      const plain: Hypothesis[] = [];
      for (const samples of growing) {
        const { hypotheses } = await recognizer.decode([segment(samples)]);
        plain.push(hypotheses[0]!);
        drafted.push({ ...segment(samples), draft: before });
        before = hypotheses[0]!.tokens;
        for (const draft of [
          before,
          [],
          [...before, ...before, ...before],
          [0, 1, 2, -5, 1.5, 1e9],
          [777, 888],
        ]) {
          const answer = await recognizer.decode([{ ...segment(samples), draft }]);
          expect(answer.hypotheses[0]!.tokens).toEqual(hypotheses[0]!.tokens);
        }
      }
      const { hypotheses } = await recognizer.decode(drafted);
      expect(hypotheses.map(({ tokens }) => tokens)).toEqual(plain.map(({ tokens }) => tokens));
    });

    test('hears the same with hot words, whatever the draft, alone and in company', async () => {
      const speech = await clip('1688-142285-0005.flac');
      const names = ['Helstone', 'Shropshire', 'Marlborough'];
      const hotWords = { key: names.join(), words: names.map((text) => ({ text, weight: 1 })) };
      const growing = [1, 2, 4].map((seconds) => speech.slice(0, seconds * SAMPLE_RATE));
      const alone: Hypothesis[] = [];
      for (const samples of growing) {
        const { hypotheses } = await recognizer.decode([{ ...segment(samples), hotWords }]);
        alone.push(hypotheses[0]!);
        for (const draft of [alone.at(-2)?.tokens ?? [], hypotheses[0]!.tokens, [777, 888]]) {
          const answer = await recognizer.decode([{ ...segment(samples), hotWords, draft }]);
          expect(answer.hypotheses[0]!.tokens).toEqual(hypotheses[0]!.tokens);
        }
      }
      const [first, ...others] = growing.toReversed();
      const { hypotheses } = await recognizer.decode([
        { ...segment(first!), hotWords },
        segment(mixed[0]!),
        ...others.map((samples, i) => ({ ...segment(samples), hotWords, draft: alone[i]!.tokens })),
      ]);
      const [last, plain, ...rest] = hypotheses.map(({ tokens }) => tokens);
      expect([last, ...rest]).toEqual(alone.toReversed().map(({ tokens }) => tokens));
      expect([{ tokens: plain }]).toMatchObject([{ tokens: (await decode([mixed[0]!]))[0]!.tokens }]);
    });

    test('hears the words that are said', async () => {
      const [answer] = await decode([await clip('1688-142285-0002.flac')]);
      expect(answer!.text.toLowerCase()).toContain('thought me so silly');
    });
  });
}
