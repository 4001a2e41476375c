import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { searchCapacity, steps } from '../bench/load/capacity-search.ts';
import { type LoadFigures, loadFigures } from '../bench/load/figures.ts';
import { judge } from '../bench/load/judge.ts';
import { knee } from '../bench/load/knee.ts';
import { LagHistogram } from '../bench/load/lag-histogram.ts';
import { latencyParts } from '../bench/load/latency-report.ts';
import { overheadShare } from '../bench/load/meter.ts';
import type { CaptionRecord, StreamRecord } from '../bench/load/records.ts';
import { ROOM_NOISE_DBFS, roomNoise } from '../bench/load/room-noise.ts';
import type { LoadReport } from '../bench/load/run-load.ts';
import { planHog, planMeetings, type ScriptOptions, type StreamPlan } from '../bench/load/script.ts';
import { heardTurns, isWhole } from '../bench/load/spoken-words.ts';
import { stabilityFigures } from '../bench/load/stability-report.ts';

const options: ScriptOptions = {
  clipsMs: [2000, 5000, 3000, 9000, 4000],
  streams: 8,
  participants: 4,
  seconds: 60,
  messageMs: 100,
  rampMs: 3000,
  seed: 1,
};

const anyOptions = fc
  .record({
    clipsMs: fc.array(fc.integer({ min: 500, max: 20_000 }), { minLength: 1, maxLength: 8 }),
    streams: fc.integer({ min: 1, max: 12 }),
    participants: fc.integer({ min: 1, max: 6 }),
    seconds: fc.integer({ min: 1, max: 60 }),
    messageMs: fc.constantFrom(20, 100),
    rampMs: fc.integer({ min: 0, max: 5000 }),
    seed: fc.integer({ min: 0, max: 100 }),
  })
  .map((drawn): ScriptOptions => drawn);

/** Turns of a meeting as stretches of the run, in order. */
function turnsOf(plans: readonly StreamPlan[], meeting: string) {
  return plans
    .filter((plan) => plan.meeting === meeting)
    .flatMap(({ joinMs, turns }) =>
      turns.map(({ startMs, durationMs }) => ({
        fromMs: joinMs + startMs,
        toMs: joinMs + startMs + durationMs,
      })),
    )
    .sort((a, b) => a.fromMs - b.fromMs);
}

describe('planMeetings', () => {
  it('never has two talk at once in a meeting', () => {
    fc.assert(
      fc.property(anyOptions, (drawn) => {
        const { plans } = planMeetings(drawn);
        for (const meeting of new Set(plans.map((plan) => plan.meeting))) {
          const turns = turnsOf(plans, meeting);
          for (const [i, { fromMs }] of turns.entries())
            if (i > 0) expect(fromMs).toBeGreaterThanOrEqual(turns[i - 1]!.toMs);
        }
      }),
    );
  });

  it('begins turns at whole messages, and ends each stream with two seconds of noise', () => {
    fc.assert(
      fc.property(anyOptions, (drawn) => {
        for (const { turns, lengthMs } of planMeetings(drawn).plans) {
          for (const { startMs, durationMs } of turns) {
            expect(startMs % drawn.messageMs).toBe(0);
            expect(lengthMs - startMs - durationMs).toBeGreaterThanOrEqual(2000);
          }
        }
      }),
    );
  });

  it('has a larger run consist of the smaller one and further meetings', () => {
    fc.assert(
      fc.property(anyOptions, fc.integer({ min: 1, max: 3 }), (drawn, more) => {
        const meetings = Math.ceil(drawn.streams / drawn.participants);
        const of = (count: number) => planMeetings({ ...drawn, streams: count * drawn.participants }).plans;
        expect(of(meetings + more).slice(0, meetings * drawn.participants)).toEqual(of(meetings));
      }),
    );
  });

  it('tells the share of speech that it holds: a little less than one stream of four', () => {
    const { dutyCycle, spokenSeconds } = planMeetings(options);
    expect(dutyCycle).toBeGreaterThan(0.22);
    expect(dutyCycle).toBeLessThan(0.25);
    expect(spokenSeconds).toBeCloseTo(dutyCycle * 8 * 60);
  });

  it('takes turns', () => {
    const { plans } = planMeetings({ ...options, streams: 4 });
    const speakers = plans
      .flatMap(({ joinMs, turns }, i) => turns.map(({ startMs }) => [joinMs + startMs, i] as const))
      .sort(([a], [b]) => a - b)
      .map(([, i]) => i);
    expect(speakers.slice(0, 6)).toEqual([0, 1, 2, 3, 0, 1]);
  });

  it('has meetings begin with different clips', () => {
    const { plans } = planMeetings({ ...options, streams: 20 });
    expect(new Set(plans.filter((_, i) => i % 4 === 0).map(({ turns }) => turns[0]!.clip)).size).toBe(5);
  });
});

describe('planHog', () => {
  it('has as much to say as it can send in the window', () => {
    const window = { fromMs: 1000, toMs: 11_000 };
    const { joinMs, lengthMs, untilMs, turns } = planHog(0, 10, window, options);
    expect([joinMs, lengthMs, untilMs]).toEqual([1000, 100_000, 11_000]);
    expect(turns.at(-1)!.startMs + turns.at(-1)!.durationMs).toBeGreaterThan(90_000);
  });
});

describe('roomNoise', () => {
  it('has the level it says', () => {
    const noise = roomNoise(16_000, 3);
    const power = noise.reduce((sum, sample) => sum + (sample / 32768) ** 2, 0) / noise.length;
    expect(10 * Math.log10(power)).toBeCloseTo(ROOM_NOISE_DBFS, 0);
  });

  it('has more power below than above', () => {
    const noise = roomNoise(16_000, 3);
    const steps = noise.subarray(1).map((sample, i) => sample - noise[i]!);
    const power = (samples: Int16Array) => samples.reduce((sum, sample) => sum + sample ** 2, 0);
    // White noise would have twice its own power in its differences.
    expect(power(steps)).toBeLessThan(power(noise));
  });
});

describe('LagHistogram', () => {
  it('gives the nearest rank, rounded up to half a millisecond', () => {
    const lag = new LagHistogram();
    for (const ms of [1, 2, 3, 40.2]) lag.add(ms);
    expect([0.5, 0.75, 1].map((share) => lag.percentile(share))).toEqual([2.5, 3.5, 40.5]);
    expect(new LagHistogram().percentile(0.99)).toBe(0);
  });
});

const plan: StreamPlan = {
  meeting: 'm',
  joinMs: 0,
  noiseMs: 0,
  turns: [
    { clip: 0, startMs: 500, durationMs: 2000 },
    { clip: 1, startMs: 9000, durationMs: 3000 },
  ],
  lengthMs: 20_000,
  speed: 1,
  untilMs: Number.POSITIVE_INFINITY,
};

function caption(fields: Partial<CaptionRecord>): CaptionRecord {
  const { startMs = 600, endMs = 2400 } = fields;
  const none = {
    endpoint: 'silence' as const,
    spokenMs: endMs,
    delayMs: 900,
    text: '',
    timing: null,
    steps: null,
  };

  return { ...none, ...fields, startMs, endMs };
}

function stream(captions: readonly CaptionRecord[], fields: Partial<StreamRecord> = {}): StreamRecord {
  const books = { receivedMs: 20_000, transcribedMs: 5000, silenceMs: 15_000, droppedMs: 0 };

  return {
    ...{ index: 0, zeroMs: 0, missedMs: 0, sentMs: 20_000, captions, errors: {}, service: [], waited: false },
    ...{ done: { type: 'done', streamId: 's', captions: 2, ...books }, closeCode: 1000 },
    ...fields,
  };
}

const said = [
  caption({ text: 'one two' }),
  caption({ text: 'three', startMs: 9100, endMs: 10_200 }),
  caption({ text: 'four', startMs: 10_300, endMs: 11_900 }),
  caption({ endpoint: null, endMs: 1500, delayMs: 300 }),
];
const clips = ['ONE TWO', 'THREE FOUR'].map((reference) => ({
  ...{ name: '', offsetBytes: 0, samples: 0, durationMs: 0 },
  reference,
}));

function report(streams: readonly StreamRecord[]): LoadReport {
  const window = { fromMs: 0, toMs: 15_000 };
  const generator = { lagP50Ms: 1, lagP99Ms: 2, lagMaxMs: 3, cpuSeconds: 0.1 };
  const plans = streams.map(() => plan);

  return { plans, streams, window, generator, count: streams.length, dutyCycle: 0.25, spokenSeconds: 5 };
}

describe('stabilityFigures', () => {
  it('counts what is taken back for each word of a final, as it is sent and as it is shown', () => {
    const steps = (erasedWords: number) => ({ erasedWords, words: 4, stableAfterMs: [500, 500, 900, 900] });
    const finals = [
      caption({ steps: { sent: steps(3), shown: steps(1) } }),
      caption({ steps: { sent: steps(1), shown: steps(0) } }),
      caption({ endMs: 16_000, steps: { sent: steps(9), shown: steps(9) } }),
      caption({ endpoint: null }),
    ];
    const { sent, shown } = stabilityFigures(report([stream(finals)]));
    expect([sent.words, sent.flicker, shown.flicker]).toEqual([8, 0.5, 0.125]);
    expect(sent.stableMs).toMatchObject({ count: 8, p50: 500, p95: 900 });
  });
});

describe('heardTurns', () => {
  it('puts together what was captioned of each turn', () => {
    expect(heardTurns(plan, stream(said))).toEqual([
      { clip: 0, text: 'one two' },
      { clip: 1, text: 'three four' },
    ]);
  });

  it('counts words captioned between turns against the nearest', () => {
    const stray = caption({ text: 'noise', startMs: 7000, endMs: 8000 });
    expect(heardTurns(plan, stream([stray])).map(({ text }) => text)).toEqual(['', 'noise']);
  });

  it('leaves out turns that were not spoken to their end', () => {
    expect(heardTurns(plan, stream(said, { sentMs: 11_000 }))).toHaveLength(1);
    expect(heardTurns(plan, stream([], { missedMs: 600, sentMs: 19_400 })).map(({ clip }) => clip)).toEqual([
      1,
    ]);
  });
});

describe('A stream alone', () => {
  it.each<[Partial<StreamRecord>, boolean]>([
    [{}, true],
    [{ sentMs: 19_900 }, false],
    [{ done: null }, false],
    [{ errors: { 'segment-lost': 1 } }, false],
  ])('that became %j is one to compare with: %j', (fields, whole) => {
    expect(isWhole(plan, stream(said, fields))).toBe(whole);
  });
});

describe('overheadShare', () => {
  it('is what goes into no model, over the whole machine', () => {
    const coresByPart = { inference: 1.5, vad: 0.2, sockets: 0.1, other: 0.06 };
    expect(overheadShare({ coresByPart }, 2)).toBeCloseTo(0.08);
  });

  it('is unknown of a server that does not tell all of it', () => {
    expect(overheadShare({ coresByPart: {} }, 2)).toBeNaN();
    expect(overheadShare({ coresByPart: { sockets: 0.1 } }, 2)).toBeNaN();
  });
});

describe('judge', () => {
  const alone = new Map([
    [
      0,
      [
        { errors: 0, words: 2 },
        { errors: 0, words: 2 },
      ],
    ],
  ]);
  const reasons = (streams: readonly StreamRecord[]) =>
    judge(loadFigures(report(streams), clips, alone)).reasons;

  it('finds streams on time whose captions are soon, right and all there', () => {
    const figures = loadFigures(report([stream(said)]), clips, alone);
    expect(figures.wordErrorRate).toBe(0);
    expect(judge(figures)).toEqual({ onTime: true, valid: true, nearEdge: false, reasons: [] });
  });

  it('asks for partials, and for the words of finals, to be there at all', () => {
    expect(reasons([stream([])])).toEqual([
      'there were no partials',
      'there were no finals',
      'word errors 100.00 points above one stream alone',
    ]);
  });

  it('leaves out finals that were cut by their length', () => {
    const cut = caption({ endpoint: 'max-duration', delayMs: 9000, endMs: 2450 });
    expect(reasons([stream([...said, cut])])).toEqual([]);
  });

  it.each<[string, Partial<StreamRecord>]>([
    ['books of 1 streams missing or not balanced', { done: null }],
    ['books of 1 streams missing or not balanced', { sentMs: 19_900 }],
    ['errors: 2 × segment-lost', { errors: { 'segment-lost': 2 } }],
    ['1 streams without full service all the time', { waited: true }],
    [
      '1 streams without full service all the time',
      { service: [{ level: 'finals-only', reason: 'late-captions', atMs: 1 }] },
    ],
  ])('says: %s', (reason, fields) => {
    expect(reasons([stream(said, fields)])).toEqual([reason]);
  });

  it('does not let many streams hide one', () => {
    const late = [...said, caption({ endpoint: null, endMs: 1600, delayMs: 2500 })];
    const many = Array.from({ length: 30 }, () => stream(said));
    expect(reasons([...many, stream(late)])).toEqual(["one stream's partial p95 2500 > 2400 ms"]);
  });

  it.each<[Partial<LoadFigures>, boolean]>([
    [{ generatorLagP99Ms: 51 }, true],
    [{ finals: { count: 1, p50: 1, p90: 1, p95: 1600, p99: 1, max: 1 } }, true],
    [{ finals: { count: 1, p50: 1, p90: 1, p95: 3100, p99: 1, max: 1 } }, false],
    [{ droppedMs: 10 }, false],
  ])('tells what failed near the edge from what failed by far: %j', (fields, nearEdge) => {
    const figures = { ...loadFigures(report([stream(said)]), clips, alone), ...fields };
    expect(judge(figures)).toMatchObject({ onTime: false, nearEdge });
  });

  it('passes nothing whose words it cannot compare with those of one stream alone', () => {
    const figures = loadFigures(report([stream(said)]), clips);
    expect(figures.aloneWordErrorRate).toBeNaN();
    expect(judge(figures).onTime).toBe(true);
    expect(judge(figures, { heardAlone: true })).toEqual({
      ...{ onTime: false, valid: false, nearEdge: true },
      reasons: ['the same streams alone were not all heard to their end: invalid'],
    });
  });

  it('compares a stream that was heard alone in a shorter run on the turns of that', () => {
    const garbled = [...said.slice(0, 1), caption({ text: 'free for', startMs: 9100, endMs: 11_900 })];
    const shorter = new Map([[0, [{ errors: 1, words: 2 }]]]);
    const figures = loadFigures(report([stream(garbled)]), clips, shorter);
    expect(figures).toMatchObject({ wordErrorRate: 0, aloneWordErrorRate: 50, wholeTurns: 2 });
    expect(loadFigures(report([stream(garbled)]), clips).wordErrorRate).toBe(50);
  });

  it('passes no server that should tell of its books and does not', () => {
    const figures = loadFigures(report([stream(said)]), clips, alone);
    expect(judge(figures, { imbalanceSamples: 0 }).onTime).toBe(true);
    expect(judge(figures, { imbalanceSamples: Number.NaN }).reasons).toEqual([
      'the server does not tell whether its books balance',
    ]);
  });

  it('believes nothing of a generator that was late', () => {
    const figures = loadFigures(report([stream(said)]), clips, alone);
    expect(judge({ ...figures, generatorLagP99Ms: 51 }).valid).toBe(false);
  });
});

describe('searchCapacity', () => {
  it('finds the most meetings that are held, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 300 }),
        async (holds, participants, most) => {
          const tried: number[] = [];
          const measure = async (streams: number) => {
            tried.push(streams);

            return { onTime: streams <= holds * participants, valid: true, nearEdge: false };
          };
          const { onTimeStreams } = await searchCapacity(measure, participants, most * participants);
          expect(onTimeStreams).toBe(Math.min(holds, most) * participants);
          expect(new Set(tried).size).toBe(tried.length);
        },
      ),
    );
  });

  it('tries a step that fails near the edge once more', async () => {
    const tried: (readonly [number, number])[] = [];
    const measure = async (streams: number, attempt: number) => {
      tried.push([streams, attempt]);

      return {
        onTime: streams < 8 || (streams === 8 && attempt === 2),
        valid: true,
        nearEdge: streams === 8,
      };
    };
    expect(await searchCapacity(measure, 4, 1000)).toEqual({ onTimeStreams: 8, failedStreams: 12 });
    expect(tried).toEqual([
      [4, 1],
      [8, 1],
      [8, 2],
      [16, 1],
      [12, 1],
    ]);
  });

  it('gives a step three attempts of which two are judged', async () => {
    const late = { onTime: false, valid: false, nearEdge: false };
    const near = { onTime: false, valid: true, nearEdge: true };
    const held = { onTime: true, valid: true, nearEdge: false };
    const first = async (...verdicts: (typeof late)[]) => {
      let attempts = 0;
      const { onTimeStreams } = await searchCapacity(async () => verdicts[attempts++]!, 4, 4);

      return [onTimeStreams, attempts];
    };
    expect(await first(late, near, held)).toEqual([4, 3]);
    expect(await first(near, near)).toEqual([0, 2]);
    expect(await first(late, late, late)).toEqual([0, 3]);
    expect(await first({ ...near, nearEdge: false })).toEqual([0, 1]);
  });

  it('goes up by a half and a third in turn, and ends at the bound', () => {
    expect(steps(70)).toEqual([1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 70]);
    expect(steps(1)).toEqual([1]);
  });
});

describe('knee', () => {
  it('is where the curve turns up', () => {
    expect(
      knee([
        [4, 100],
        [16, 110],
        [32, 120],
        [48, 160],
        [64, 900],
        [80, 4000],
      ]),
    ).toBe(48);
  });

  it('does not depend on how badly the last point fails', () => {
    const upTo = (last: number) =>
      [
        [4, 100],
        [16, 110],
        [32, 120],
        [48, 900],
        [64, last],
      ] as const;
    expect([2000, 20_000].map((last) => knee(upTo(last)))).toEqual([32, 32]);
  });

  it('is nowhere on a curve that rises evenly, on one that falls, or between two points', () => {
    const even = [1, 2, 3].map((x) => [2 ** x, 10 ** x] as const);
    const falling = [1, 2, 3].map((x) => [x, 1 / x] as const);
    expect([even, falling, even.slice(1)].map(knee)).toEqual([null, null, null]);
  });
});

describe('latencyParts', () => {
  it('adds up to the way from end to end', () => {
    const timing = { audioWaitMs: 600, queueWaitMs: 20, batchWaitMs: 5, inferenceMs: 70, sendWaitMs: 1 };
    const { finals, partials } = latencyParts(report([stream([caption({ timing, delayMs: 1000 })])]), 256);
    const values = finals.map(({ valuesMs }) => valuesMs[0]!);
    // The rest is the message's own length, the way there and the way back.
    expect(values).toEqual([600, 20, 5, 70, 1, 1000 - 256 - 696, 1000]);
    expect(partials).toEqual([{ name: 'end to end', valuesMs: [] }]);
  });
});
