import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoadClips, prepareClips } from '../bench/load/clips.ts';
import { contenders } from '../bench/load/contenders.ts';
import { type ContenderFairness, type FairnessRun, holdRun } from '../bench/load/fairness-bench.ts';
import { evenness, serviceOfStreams } from '../bench/load/fairness-figures.ts';
import { fairnessFigures, fairnessPanels, fairnessTable } from '../bench/load/fairness-report.ts';
import { jainIndex } from '../bench/load/jain.ts';
import { drawLines } from '../bench/load/line-chart.ts';
import type { CaptionRecord, StreamRecord } from '../bench/load/records.ts';
import type { LoadReport } from '../bench/load/run-load.ts';
import type { StreamPlan } from '../bench/load/script.ts';
import { finish } from './support/running-server.ts';

describe("Jain's index", () => {
  const shares = fc.array(fc.double({ min: 0.01, max: 1000, noNaN: true }), { minLength: 1, maxLength: 50 });

  it('is 1 when all have the same, and 1/n when one of n has all', () => {
    expect(jainIndex([3, 3, 3])).toBeCloseTo(1);
    expect(jainIndex([0, 0, 0, 7])).toBeCloseTo(1 / 4);
    expect(jainIndex([])).toBeNaN();
    expect(jainIndex([0, 0])).toBeNaN();
  });

  it('lies between, and does not depend on the unit', () => {
    fc.assert(
      fc.property(shares, fc.double({ min: 0.1, max: 10, noNaN: true }), (values, unit) => {
        const index = jainIndex(values);
        expect(index).toBeGreaterThanOrEqual(1 / values.length - 1e-9);
        expect(index).toBeLessThanOrEqual(1 + 1e-9);
        expect(jainIndex(values.map((value) => value * unit))).toBeCloseTo(index);
      }),
    );
  });
});

const TAIL_MS = 256;

function plan(turns: StreamPlan['turns']): StreamPlan {
  return { meeting: 'm', joinMs: 0, turns, noiseMs: 0, lengthMs: 60_000, speed: 1, untilMs: 60_000 };
}

function caption(startMs: number, endMs: number, delayMs: number, fields: Partial<CaptionRecord> = {}) {
  return { endpoint: null, spokenMs: endMs, delayMs, startMs, endMs, text: '', timing: null, ...fields };
}

function report(plans: readonly StreamPlan[], captions: readonly (readonly CaptionRecord[])[]): LoadReport {
  const streams = plans.map(
    (_, index): StreamRecord => ({
      ...{
        index,
        zeroMs: 0,
        missedMs: 0,
        sentMs: 60_000,
        captions: captions[index]!,
        errors: {},
        service: [],
      },
      ...{ waited: false, done: null, closeCode: null },
    }),
  );
  const generator = { lagP50Ms: 0, lagP99Ms: 0, lagMaxMs: 0, cpuSeconds: 0 };
  const window = { fromMs: 0, toMs: 20_000 };

  return { plans, streams, window, generator, count: plans.length, dutyCycle: 1, spokenSeconds: 1 };
}

describe('What a stream got', () => {
  const turn = plan([{ clip: 0, startMs: 1000, durationMs: 10_000 }]);
  const serve = (...captions: CaptionRecord[]) => serviceOfStreams(report([turn], [captions]), TAIL_MS)[0]!;

  it('counts as shown what stood in a caption two seconds after it was said', () => {
    // Of 1000 to 6000 all that was said from 5000 on: it came at 7000.
    expect(serve(caption(900, 6000, 1000)).shown).toBeCloseTo(0.1);
    expect(serve(caption(900, 6000, 2500)).shown).toBe(0);
    expect(serve(caption(900, 6000, 0), caption(900, 8000, 0)).shown).toBeCloseTo(0.4);
  });

  it('counts nothing twice', () => {
    expect(serve(caption(900, 6000, 0), caption(900, 6200, 0)).shown).toBeCloseTo(0.22);
  });

  it("counts a final's delay from the end of speech", () => {
    // Came at 11,000: speech from 9000 on was shown in time, the padding after it is nothing that was said.
    const final = caption(900, 11_256, 0, { endpoint: 'silence' });
    expect(serve(final).shown).toBeCloseTo(0.2);
  });

  it('counts as captioned what is in finals that came soon', () => {
    const silence = { endpoint: 'silence' } as const;
    expect(serve(caption(900, 6000, 1000, silence)).captioned).toBeCloseTo(0.5);
    expect(serve(caption(900, 6000, 5001, silence)).captioned).toBe(0);
    expect(serve(caption(900, 6000, 1000)).captioned).toBe(0);
  });

  it('counts partials for each second of speech in the window', () => {
    const partials = Array.from({ length: 20 }, (_, i) => caption(900, 1500 + 500 * i, 100));
    expect(serve(...partials).partialsPerSecond).toBeCloseTo(2);
    expect(serve(...partials).captioned).toBe(0);
  });

  it('is not asked of streams that hardly talked', () => {
    const short = plan([{ clip: 0, startMs: 19_000, durationMs: 10_000 }]);
    expect(serviceOfStreams(report([turn, short], [[], []]), TAIL_MS)).toHaveLength(1);
  });
});

describe('evenness', () => {
  it('puts the worst beside the median', () => {
    expect(evenness([1, 2, 4, 4, 5])).toMatchObject({ median: 4, worstOverMedian: 0.25 });
  });
});

describe('bench fairness', () => {
  let clips: LoadClips;
  let run: FairnessRun;
  const [contender] = contenders({ peer: false });

  beforeAll(async () => {
    clips = await prepareClips(undefined, () => {});
    run = await holdRun(contender!, 1, 1, {
      ...{ clips, seconds: 3, participants: 4, messageMs: 100, seed: 1, tailPaddingMs: TAIL_MS, capacity: 4 },
      hogs: { count: 1, speed: 10 },
      progress: () => {},
    });
  });

  afterAll(() => clips.remove());

  it('holds meetings beside a hog, and tells what each stream got', () => {
    expect(run).toMatchObject({ streams: 4, load: 1, hogs: 1 });
    expect(run.services.length).toBeGreaterThan(0);
    for (const { shown, captioned } of run.services) {
      expect(shown).toBeLessThanOrEqual(1.001);
      expect(captioned).toBeLessThanOrEqual(1.001);
    }
    expect(run.figures.errors).toEqual({});
  });

  it('reports it', () => {
    const all: ContenderFairness[] = [
      { name: 'roundtable', capacity: 4, calm: run, hogged: run, overloads: [run, run], hogRatio: 1 },
    ];
    expect(fairnessTable(all[0]!)).toContain('1.00 times as long');
    expect(fairnessFigures(all)).toMatchObject({ jainTwice: run.shown.jain, hogRatio: 1 });
    expect(drawLines('Who gets what', fairnessPanels(all))).toContain('1 hogs besides');
  });

  it('refuses a capacity that is no number of streams', async () => {
    const script = fileURLToPath(new URL('../dist/bench/main.js', import.meta.url));
    const { code, stderr } = await finish(
      spawn(process.execPath, [script, 'fairness', '--capacity', 'many']),
    );
    expect(code).toBe(1);
    expect(stderr).toContain('It has to be a whole number from 1 to');
  });
});
