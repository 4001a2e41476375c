import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoadClips, prepareClips } from '../bench/load/clips.ts';
import { contenders } from '../bench/load/contenders.ts';
import { type ContenderFairness, type FairnessRun, holdRun } from '../bench/load/fairness-bench.ts';
import { admissionOf, evenness, serviceOfStreams } from '../bench/load/fairness-figures.ts';
import { fairnessFigures, fairnessPanels, fairnessTable } from '../bench/load/fairness-report.ts';
import { drawLines } from '../bench/load/line-chart.ts';
import type { CaptionRecord, StreamRecord } from '../bench/load/records.ts';
import type { LoadReport } from '../bench/load/run-load.ts';
import type { StreamPlan } from '../bench/load/script.ts';
import { jainIndex } from '../bench/statistics.ts';
import type { ServiceLevel } from '../client-sdk/protocol.ts';
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
  return {
    endpoint: null,
    spokenMs: endMs,
    delayMs,
    startMs,
    endMs,
    text: '',
    timing: null,
    steps: null,
    ...fields,
  };
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

describe('Who came in', () => {
  const talks = plan([{ clip: 0, startMs: 1000, durationMs: 10_000 }]);
  const admission = (...changes: Partial<StreamRecord>[]) => {
    const plans = changes.map(() => talks);
    const load = report(
      plans,
      plans.map(() => []),
    );
    const streams = load.streams.map((stream, i) => ({ ...stream, ...changes[i] }));

    return admissionOf({ ...load, streams });
  };
  const told = (level: ServiceLevel) => ({ level, reason: 'late-captions' as const, atMs: 0 });

  it('are those who were let in, at once or after they waited', () => {
    expect(admission({}, { waited: true, zeroMs: 3000 }, { waited: true, zeroMs: null })).toMatchObject({
      ...{ letIn: 2, streams: 3, waited: 2, refused: 0, shutOut: 1, errors: {} },
    });
  });

  it('are not those who were refused, whose refusal is no error', () => {
    expect(admission({}, { zeroMs: null, errors: { busy: 1 } })).toMatchObject({
      ...{ letIn: 1, refused: 1, shutOut: 1, errors: {} },
    });
    expect(admission({ zeroMs: null, errors: { connection: 1 } })).toMatchObject({
      ...{ refused: 0, shutOut: 1, errors: { connection: 1 } },
    });
  });

  it('leaves those with nothing who came when all but a word was said', () => {
    expect(admission({ zeroMs: 10_000 })).toMatchObject({ letIn: 1, shutOut: 1 });
    expect(admission({ zeroMs: 8000 })).toMatchObject({ letIn: 1, shutOut: 0 });
  });

  it('counts each stream once that was told of a level', () => {
    const service = [told('slower-partials'), told('finals-only'), told('slower-partials')];
    expect(admission({ service }, { service: [told('finals-only')] }).toldLevels).toEqual({
      ...{ 'slower-partials': 1, 'finals-only': 2 },
    });
  });
});

describe('evenness', () => {
  it('puts the worst beside the median', () => {
    expect(evenness([1, 2, 4, 4, 5])).toMatchObject({ median: 4, worstOverMedian: 0.25 });
  });

  it('tells what it is with those who were shut out beside what it is without', () => {
    expect(evenness([2, 2, 2], 1)).toMatchObject({ jain: 1, jainOfAll: 0.75, median: 2 });
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
      expect(shown).toBeGreaterThan(0);
      expect(shown).toBeLessThanOrEqual(1.001);
      expect(captioned).toBeLessThanOrEqual(1.001);
    }
    expect(run.figures.errors).toEqual({});
    expect(run.admission).toMatchObject({ letIn: 4, streams: 4, refused: 0, unfinished: 0, errors: {} });
  });

  it('reports it', () => {
    const all: ContenderFairness[] = [
      {
        name: 'roundtable',
        capacity: 4,
        calm: run,
        hogged: run,
        ladder: run,
        overloads: [run, run],
        hogRatio: 1,
      },
    ];
    expect(fairnessTable(all[0]!)).toContain('1.00 times as long');
    expect(fairnessTable(all[0]!)).toContain('4 of 4');
    expect(fairnessFigures(all)).toMatchObject({
      ...{ jainTwice: run.shown.jain, jainCaptionedTwice: run.captioned.jain, hogRatio: 1 },
      ...{ ladderSlowestFinalMs: run.figures.finals.max, ladderFinalBarMs: 3000 },
    });
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
