import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Vad, type VadRequest, type VadState, WINDOW_SAMPLES } from '../../inference/vad.ts';
import { clip } from '../support/models.ts';

/** One voice activity detector that has to keep the contract. */
export interface VadUnderTest {
  readonly name: string;
  /** Loads a new one, which the tests close. */
  create(): Promise<Vad>;
}

/** Rounding differs with the size of a batch. */
const TOLERANCE = 1e-4;

/** What every voice activity detector keeps. */
export function describeVad({ name, create }: VadUnderTest): void {
  describe(`${name} as a voice activity detector`, () => {
    let vad: Vad;
    let speech: Float32Array;
    let silence: Float32Array;

    beforeAll(async () => {
      vad = await create();
      const samples = await clip('1688-142285-0002.flac');
      speech = samples.slice(0, 40 * WINDOW_SAMPLES);
      silence = new Float32Array(40 * WINDOW_SAMPLES);
    });

    afterAll(() => vad.close());

    /** Buffers belong to the callee. */
    const request = (windows: Float32Array, state: VadState = vad.initialState()): VadRequest => ({
      windows: windows.slice(),
      state: state.slice(),
    });
    const detect = async (windows: Float32Array) => (await vad.detect([request(windows)]))[0]!;
    const expectClose = (actual: Float32Array, expected: Float32Array) => {
      expect(actual).toHaveLength(expected.length);
      const apart = actual.map((value, i) => Math.abs(value - expected[i]!));
      expect(Math.max(...apart)).toBeLessThanOrEqual(TOLERANCE);
    };

    test('gives one probability for each window', async () => {
      const { probabilities } = await detect(speech);
      expect(probabilities).toHaveLength(40);
      expect(Math.min(...probabilities)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...probabilities)).toBeLessThanOrEqual(1);
    });

    test('hears speech in speech and none in silence', async () => {
      const heard = await detect(speech);
      expect(heard.probabilities.filter((probability) => probability > 0.5).length).toBeGreaterThan(10);
      const nothing = await detect(silence);
      expect(Math.max(...nothing.probabilities)).toBeLessThan(0.2);
    });

    test('answers each stream the same whatever else is in the call', async () => {
      const late = speech.subarray(7 * WINDOW_SAMPLES);
      const alone = [await detect(speech), await detect(silence), await detect(late)];
      const together = await vad.detect([speech, silence, late].map((windows) => request(windows)));
      for (const [i, { probabilities, state }] of together.entries()) {
        expectClose(probabilities, alone[i]!.probabilities);
        expectClose(state, alone[i]!.state);
      }
    });

    test('answers more streams in one call than it takes in one pass', async () => {
      const piece = speech.subarray(10 * WINDOW_SAMPLES, 12 * WINDOW_SAMPLES);
      const alone = await detect(piece);
      const many = await vad.detect(Array.from({ length: 70 }, () => request(piece)));
      expect(many).toHaveLength(70);
      for (const { probabilities } of many) expectClose(probabilities, alone.probabilities);
    });

    test('answers the same whether windows come in one call or in several', async () => {
      const { probabilities: whole } = await detect(speech);
      const parts: number[] = [];
      let state = vad.initialState();
      for (const [from, to] of [
        [0, 1],
        [1, 12],
        [12, 13],
        [13, 40],
      ] as const) {
        const [answer] = await vad.detect([
          request(speech.subarray(from * WINDOW_SAMPLES, to * WINDOW_SAMPLES), state),
        ]);
        parts.push(...answer!.probabilities);
        state = answer!.state;
      }
      expectClose(Float32Array.from(parts), whole);
    });

    test('answers nothing when it is asked nothing', async () => {
      expect(await vad.detect([])).toEqual([]);
    });

    test('begins every stream from a state of its own', () => {
      expect(vad.initialState()).not.toBe(vad.initialState());
      expect(vad.initialState()).toEqual(vad.initialState());
    });

    test('closes once however often it is told to, and detects nothing afterwards', async () => {
      const another = await create();
      await Promise.all([another.close(), another.close()]);
      await expect(another.detect([request(silence)])).rejects.toThrow('closed');
    });
  });
}
