import { describe, expect, test } from 'vitest';
import { LevelVad } from '../inference/doubles/level-vad.ts';
import type { VadAnswer, VadRequest } from '../inference/vad.ts';
import { type VadReport, type VadSource, VadTicker } from '../server/stream/vad-ticker.ts';
import { ManualClock } from './support/manual-clock.ts';
import { settle } from './support/settle.ts';

const INTERVAL_MS = 16;

/** Answers by level, when the test says so, and keeps the batches it was asked about. */
class GatedVad extends LevelVad {
  /** Windows of each request, by batch. */
  readonly batches: number[][] = [];
  readonly states: Float32Array[][] = [];
  #release: (() => void) | null = null;
  #failure: Error | null = null;

  override async detect(requests: readonly VadRequest[]): Promise<readonly VadAnswer[]> {
    this.batches.push(requests.map(({ windows }) => windows.length / 512));
    this.states.push(requests.map(({ state }) => state));
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    if (this.#failure) throw this.#failure;
    const answers = await super.detect(requests);

    // A state of its own for every answer: how many windows this stream has been heard for.
    return answers.map(({ probabilities }, i) => ({
      probabilities,
      state: Float32Array.of(requests[i]!.state[0]! + probabilities.length),
    }));
  }

  async answer(failure: Error | null = null): Promise<void> {
    this.#failure = failure;
    this.#release?.();
    await settle();
  }
}

/** A stream of windows of one level each. */
class Source implements VadSource {
  readonly queue: number[] = [];
  readonly probabilities: number[] = [];
  readonly failures: string[] = [];
  asked = 0;
  onAccept = () => {};

  takeWindows(maxWindows: number): Float32Array | null {
    this.asked++;
    const levels = this.queue.splice(0, maxWindows);

    return levels.length === 0 ? null : Float32Array.from(levels.flatMap((level) => Array(512).fill(level)));
  }

  acceptWindows(probabilities: Float32Array, powers: Float32Array): void {
    expect(powers).toHaveLength(probabilities.length);
    for (const probability of probabilities) this.probabilities.push(Number(probability.toFixed(2)));
    this.onAccept();
  }

  vadFailed(error: Error): void {
    this.failures.push(error.message);
  }
}

function setUp() {
  const clock = new ManualClock();
  const vad = new GatedVad();
  const reports: VadReport[] = [];
  const gated: number[] = [];
  const ticker = new VadTicker(
    vad,
    clock,
    { vadIntervalMs: INTERVAL_MS, energyGateDbfs: -65 },
    { detected: (report) => reports.push(report), gated: (windows) => gated.push(windows) },
  );
  const hear = (source: Source, ...levels: number[]) => {
    source.queue.push(...levels);
    ticker.wake(source);
  };
  const tick = async (ms = 0) => {
    clock.advance(ms);
    await settle();
  };

  return { clock, vad, ticker, reports, gated, hear, tick };
}

describe('VadTicker', () => {
  test('asks about all streams that have audio as one batch, and gives each its own answers', async () => {
    const { vad, hear, tick, reports, clock } = setUp();
    const [a, b, c] = [new Source(), new Source(), new Source()];
    hear(a, 0.5, 0.001);
    hear(b, 0.001, 0.5, 0.5);
    hear(c);
    await tick();
    expect(vad.batches).toEqual([[2, 3]]);
    clock.advance(7);
    await vad.answer();
    expect([a.probabilities, b.probabilities, c.probabilities]).toEqual([
      [0.98, 0.02],
      [0.02, 0.98, 0.98],
      [],
    ]);
    expect(reports).toEqual([{ windows: 5, durationMs: 7 }]);
  });

  test('goes on at once with streams that have more than fits in a turn, and with no others', async () => {
    const { vad, hear, tick } = setUp();
    const [recording, live] = [new Source(), new Source()];
    hear(recording, ...Array(70).fill(0.5));
    hear(live, 0.5);
    await tick();
    await vad.answer();
    hear(live, 0.5);
    await tick();
    expect(vad.batches).toEqual([[32, 1], [32]]);
    await vad.answer();
    await tick();
    expect(vad.batches).toEqual([[32, 1], [32], [6]]);
    await vad.answer();
    await tick();
    // What is left has been taken: everybody waits for the interval.
    expect(vad.batches).toHaveLength(3);
    await tick(INTERVAL_MS);
    expect(vad.batches).toEqual([[32, 1], [32], [6], [1]]);
  });

  test('starts no batch before the interval has passed, and none while one runs', async () => {
    const { vad, hear, tick } = setUp();
    const source = new Source();
    hear(source, 0.5);
    await tick();
    hear(source, 0.5, 0.5);
    await tick(100);
    expect(vad.batches).toEqual([[1]]);
    await vad.answer();
    await tick();
    expect(vad.batches).toEqual([[1], [2]]);
    await vad.answer();
    hear(source, 0.5);
    await tick(INTERVAL_MS - 1);
    expect(vad.batches).toHaveLength(2);
    await tick(1);
    expect(vad.batches).toHaveLength(3);
  });

  test('comes back for the windows a stream has left, about a second at a time', async () => {
    const { vad, hear, tick } = setUp();
    const [fast, live] = [new Source(), new Source()];
    hear(fast, ...Array<number>(70).fill(0.5));
    hear(live, 0.5);
    await tick();
    await vad.answer();
    await tick(INTERVAL_MS);
    await vad.answer();
    await tick(INTERVAL_MS);
    await vad.answer();
    expect(vad.batches).toEqual([[32, 1], [32], [6]]);
    expect(fast.probabilities).toHaveLength(70);
  });

  test('sleeps when no stream has audio', async () => {
    const { vad, hear, tick, clock } = setUp();
    const source = new Source();
    hear(source, 0.5);
    await tick();
    await vad.answer();
    await tick(INTERVAL_MS);
    expect(clock.pendingTimers).toBe(0);
    expect(source.asked).toBe(2);
  });

  test('passes the state of a stream on from batch to batch', async () => {
    const { vad, hear, tick } = setUp();
    const source = new Source();
    for (const count of [3, 2, 1]) {
      hear(source, ...Array<number>(count).fill(0.5));
      await tick(INTERVAL_MS);
      await vad.answer();
      await tick(INTERVAL_MS);
    }
    expect(vad.states.map(([state]) => state![0])).toEqual([0, 3, 5]);
  });

  test('answers a muted stream without the detector, and begins anew when it speaks', async () => {
    const { vad, hear, tick, gated } = setUp();
    const [muted, loud] = [new Source(), new Source()];
    hear(loud, 0.5);
    await tick();
    await vad.answer();
    hear(muted, 0, 0);
    hear(loud, ...Array<number>(16).fill(0));
    await tick(INTERVAL_MS);
    await vad.answer();
    expect(vad.batches).toEqual([[1], [16]]);
    expect(muted.probabilities).toEqual([0, 0]);
    hear(loud, 0, 0, 0);
    await tick(INTERVAL_MS);
    expect(gated).toEqual([2, 3]);
    expect(loud.probabilities).toHaveLength(20);
    hear(loud, 0.5);
    await tick(INTERVAL_MS);
    await tick(INTERVAL_MS);
    expect(vad.states.at(-1)).toEqual([Float32Array.of(0)]);
  });

  test('tells the streams of a batch that failed, and goes on with the next', async () => {
    const { vad, hear, tick, reports } = setUp();
    const [a, b, bystander] = [new Source(), new Source(), new Source()];
    hear(a, 0.5);
    hear(b, 0.5);
    await tick();
    hear(bystander, 0.5);
    await vad.answer(new Error('The thread died.'));
    expect([a.failures, b.failures]).toEqual([['The thread died.'], ['The thread died.']]);
    expect(a.probabilities).toEqual([]);
    await tick(INTERVAL_MS);
    await vad.answer();
    expect(bystander.probabilities).toEqual([0.98]);
    expect(bystander.failures).toEqual([]);
    expect(reports).toHaveLength(1);
  });

  test('does not answer a stream removed while its windows are heard, nor tell it of a failure', async () => {
    const { vad, hear, tick, ticker } = setUp();
    const [gone, stays] = [new Source(), new Source()];
    for (const failure of [null, new Error('The thread died.')]) {
      hear(gone, 0.5);
      hear(stays, 0.5);
      await tick(INTERVAL_MS);
      ticker.remove(gone);
      await vad.answer(failure);
      await tick(INTERVAL_MS);
    }
    expect([gone.probabilities, gone.failures]).toEqual([[], []]);
    expect([stays.probabilities, stays.failures]).toEqual([[0.98], ['The thread died.']]);
  });

  test('does not ask a stream that was removed before its turn', async () => {
    const { hear, tick, ticker } = setUp();
    const source = new Source();
    hear(source, 0.5);
    ticker.remove(source);
    await tick(INTERVAL_MS);
    expect(source.asked).toBe(0);
  });

  test('does not ask a stream again that left while it was answered', async () => {
    const { vad, hear, tick, ticker } = setUp();
    const source = new Source();
    hear(source, 0.5);
    source.onAccept = () => ticker.remove(source);
    await tick();
    await vad.answer();
    source.queue.push(0.5);
    await tick(INTERVAL_MS);
    expect(source.asked).toBe(1);
  });
});
