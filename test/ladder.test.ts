import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LADDER_STEPS, Ladder, type LadderChange, type LadderStep } from '../server/overload/ladder.ts';
import type { LoadSample } from '../server/overload/load.ts';
import { TOY_CAPACITY, ToyServer } from './support/toy-server.ts';

const SAMPLE_MS = 500;

const CALM: LoadSample = {
  backlogMs: { final: 0, total: 0 },
  threads: 2,
  busyShare: { final: 0.05, partial: 0.2 },
  finalLagMs: 400,
  eventLoopDelayMs: 5,
};

function load(change: Partial<LoadSample>): LoadSample {
  return { ...CALM, ...change };
}

const SLOW_PARTIALS = load({ backlogMs: { final: 0, total: 2500 }, busyShare: { final: 0.2, partial: 0.8 } });
const LATE_FINALS = load({ backlogMs: { final: 800, total: 2500 }, busyShare: { final: 0.9, partial: 0.1 } });

/** A ladder and the time it is told. */
class Climb {
  readonly ladder = new Ladder();
  nowMs = 0;

  /** Shows it one load for some time. @returns the changes, each with the time since the load began. */
  show(sample: LoadSample, forMs: number): (LadderChange & { readonly afterMs: number })[] {
    const fromMs = this.nowMs;
    const changes: (LadderChange & { readonly afterMs: number })[] = [];
    while (this.nowMs < fromMs + forMs) {
      this.nowMs += SAMPLE_MS;
      const change = this.ladder.observe(sample, this.nowMs);
      if (change) changes.push({ ...change, afterMs: this.nowMs - fromMs });
    }

    return changes;
  }

  /** Shows it one load until it is at a step. */
  until(step: LadderStep, sample: LoadSample): void {
    for (let i = 0; i < 1000 && this.ladder.step !== step; i++) this.show(sample, SAMPLE_MS);
    expect(this.ladder.step).toBe(step);
  }
}

describe('Ladder', () => {
  test('stays at full service while nothing waits', () => {
    expect(new Climb().show(CALM, 60_000)).toEqual([]);
  });

  test('ignores a burst shorter than two seconds', () => {
    const climb = new Climb();
    for (let i = 0; i < 20; i++) {
      expect(climb.show(SLOW_PARTIALS, 1500)).toEqual([]);
      expect(climb.show(CALM, 500)).toEqual([]);
    }
  });

  test('slows partials that wait for a second, then leaves them out, and no more than that', () => {
    const changes = new Climb().show(SLOW_PARTIALS, 60_000);
    expect(changes.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      ['full', 'slower-partials', 'inference-backlog'],
      ['slower-partials', 'finals-only', 'inference-backlog'],
    ]);
  });

  test('opens the waiting room within four seconds of finals queueing, and refuses when that does not help', () => {
    const climb = new Climb();
    const changes = climb.show(LATE_FINALS, 60_000);
    expect(changes.map(({ to }) => to)).toEqual(LADDER_STEPS.slice(1));
    expect(changes[2]!.afterMs).toBeLessThanOrEqual(4500);
    expect(changes[3]!.afterMs).toBeGreaterThan(10_000);
  });

  test('refuses at once when the queue of finals grows in the waiting room', () => {
    const climb = new Climb();
    climb.until('waiting-room', LATE_FINALS);
    const [change] = climb.show(load({ backlogMs: { final: 4000, total: 4000 } }), 2000);
    expect(change).toMatchObject({ to: 'refuse', reason: 'inference-backlog' });
  });

  test('opens the waiting room when finals alone keep the threads busy', () => {
    const climb = new Climb();
    climb.show(load({ busyShare: { final: 0.95, partial: 0 } }), 60_000);
    expect(climb.ladder.step).toBe('waiting-room');
  });

  test('names late captions where nothing queues but finals come late', () => {
    const [change] = new Climb().show(
      load({ finalLagMs: 1500, busyShare: { final: 0.3, partial: 0.5 } }),
      20_000,
    );
    expect(change).toMatchObject({ to: 'slower-partials', reason: 'late-captions' });
  });

  test('does not blame load for the lag of a slow machine that is idle', () => {
    expect(new Climb().show(load({ finalLagMs: 2500 }), 60_000)).toEqual([]);
  });

  test('rises for a busy socket thread at any step but the last', () => {
    const climb = new Climb();
    const changes = climb.show(load({ eventLoopDelayMs: 400 }), 60_000);
    expect(changes.map(({ to, reason }) => [to, reason])).toEqual(
      LADDER_STEPS.slice(1).map((step) => [step, 'event-loop-delay']),
    );
  });

  test('comes down a step every five seconds of calm, and says it is over', () => {
    const climb = new Climb();
    climb.until('waiting-room', LATE_FINALS);
    const changes = climb.show(load({ busyShare: { final: 0, partial: 0 } }), 60_000);
    expect(changes.map(({ to, reason }) => [to, reason])).toEqual([
      ['finals-only', 'recovered'],
      ['slower-partials', 'recovered'],
      ['full', 'recovered'],
    ]);
    expect(changes[0]!.afterMs).toBeGreaterThanOrEqual(5000);
    expect(changes[1]!.afterMs - changes[0]!.afterMs).toBeGreaterThanOrEqual(5000);
  });

  test('stays at finals only where partials would not fit, and tries again after five minutes', () => {
    const climb = new Climb();
    climb.until('finals-only', SLOW_PARTIALS);
    const quiet = load({ busyShare: { final: 0.4, partial: 0 } });
    expect(climb.show(quiet, 295_000)).toEqual([]);
    expect(climb.show(quiet, 30_000)[0]).toMatchObject({ to: 'slower-partials' });
  });

  test('has learned at light load how much partials cost, and gives them back accordingly', () => {
    const stepAfter = (partial: number) => {
      const climb = new Climb();
      climb.show(load({ busyShare: { final: 0.1, partial } }), 120_000);
      climb.until('slower-partials', SLOW_PARTIALS);
      climb.show(load({ busyShare: { final: 0.25, partial: 0.2 } }), 60_000);

      return climb.ladder.step;
    };
    expect(stepAfter(0.15)).toBe('full');
    expect(stepAfter(0.7)).toBe('slower-partials');
  });

  test('does not take partials for cheap where many of them gave way to newer ones', () => {
    const climb = new Climb();
    climb.show(load({ busyShare: { final: 0.1, partial: 0.7 } }), 120_000);
    climb.show(
      load({ backlogMs: { final: 0, total: 1500 }, busyShare: { final: 0.5, partial: 0.5 } }),
      120_000,
    );
    climb.until('slower-partials', SLOW_PARTIALS);
    expect(climb.show(load({ busyShare: { final: 0.25, partial: 0.3 } }), 60_000)).toEqual([]);
  });

  test('keeps the waiting room closed until there is room for those who wait', () => {
    const climb = new Climb();
    climb.until('waiting-room', load({ busyShare: { final: 0.95, partial: 0 } }));
    expect(climb.show(load({ busyShare: { final: 0.75, partial: 0 } }), 60_000)).toEqual([]);
    expect(climb.show(load({ busyShare: { final: 0.65, partial: 0 } }), 15_000)).toMatchObject([
      { to: 'finals-only', reason: 'recovered' },
    ]);
  });

  test('waits twice as long after every bounce, two minutes at most, and forgets it after five quiet ones', () => {
    const climb = new Climb();
    climb.until('slower-partials', SLOW_PARTIALS);
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const fromMs = climb.nowMs;
      climb.until('full', CALM);
      waits.push(Math.round((climb.nowMs - fromMs) / 10_000));
      climb.until('slower-partials', SLOW_PARTIALS);
    }
    expect(waits).toEqual([1, 1, 2, 4, 8, 12, 12, 12]);
    climb.until('full', CALM);
    climb.show(CALM, 300_000);
    climb.until('slower-partials', SLOW_PARTIALS);
    const fromMs = climb.nowMs;
    climb.until('full', CALM);
    expect(climb.nowMs - fromMs).toBeLessThan(15_000);
  });

  test('moves one step at a time, within its ends, and alike for the same samples', () => {
    const anything = fc.oneof(
      fc.constant(CALM),
      fc.constant(SLOW_PARTIALS),
      fc.constant(LATE_FINALS),
      fc.record({
        backlogMs: fc.record({ final: fc.double({ min: 0 }), total: fc.double({ min: 0 }) }),
        threads: fc.nat(64),
        busyShare: fc.record({ final: fc.double(), partial: fc.double() }),
        finalLagMs: fc.option(fc.double()),
        eventLoopDelayMs: fc.double(),
      }),
    );
    const stretches = fc.array(fc.tuple(anything, fc.nat(60), fc.integer({ min: 0, max: 5000 })), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(stretches, (script) => {
        const [one, other] = [new Ladder(), new Ladder()];
        let nowMs = 0;
        for (const [sample, times, everyMs] of script) {
          for (let i = 0; i < times; i++) {
            nowMs += everyMs;
            const before = LADDER_STEPS.indexOf(one.step);
            const change = one.observe(sample, nowMs);
            expect(other.observe(sample, nowMs)).toEqual(change);
            const after = LADDER_STEPS.indexOf(one.step);
            expect(after).toBeGreaterThanOrEqual(0);
            if (change) {
              expect(Math.abs(after - before)).toBe(1);
              expect([change.from, change.to]).toEqual([LADDER_STEPS[before], LADDER_STEPS[after]]);
            } else expect(after).toBe(before);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('comes down again after samples that were no numbers', () => {
    const climb = new Climb();
    const broken = { final: Number.NaN, partial: Number.POSITIVE_INFINITY };
    climb.show(load({ busyShare: broken }), 5000);
    climb.until('slower-partials', SLOW_PARTIALS);
    climb.until('full', CALM);
  });
});

/** Streams at a toy server that the ladder rules, for some minutes. */
function rule(
  server: ToyServer,
  ladder: Ladder,
  forMs: number,
): (LadderChange & { readonly atMs: number })[] {
  const changes: (LadderChange & { readonly atMs: number })[] = [];
  for (const untilMs = server.nowMs + forMs; server.nowMs < untilMs; ) {
    server.run(SAMPLE_MS, ladder.meaning.partialPace);
    const change = ladder.observe(server.sample(), server.nowMs);
    if (change) changes.push({ ...change, atMs: server.nowMs });
  }

  return changes;
}

describe.each([
  [0.5, 4, 'full'],
  [0.9, 4, 'full'],
  [1.1, 4, 'full'],
  [1.5, 4, 'full'],
  [2, 4, 'full'],
  [3, 4, 'finals-only'],
  [4, 4, 'finals-only'],
  [0.9, 12, 'slower-partials'],
  [1.5, 12, 'finals-only'],
] as const)(
  'Ladder over a server with %f times the streams it holds, partials costing %f finals',
  (demand, partialRatio, settlesAt) => {
    test(`settles at ${settlesAt}, keeps finals on time, and recovers`, () => {
      const server = new ToyServer(7, partialRatio);
      const ladder = new Ladder();
      for (let i = 0; i < demand * TOY_CAPACITY; i++) server.open();
      const climb = rule(server, ladder, 60_000);
      const steady = rule(server, ladder, 300_000);
      expect(ladder.step).toBe(settlesAt);
      expect(steady.length).toBeLessThanOrEqual(5);
      expect(server.worstFinalLagMs).toBeLessThan(1000);
      for (const id of [...server.streams.keys()].slice(20)) server.close(id);
      const descent = rule(server, ladder, 180_000);
      expect(ladder.step).toBe('full');
      let at: LadderStep = 'full';
      for (const { from, to } of [...climb, ...steady, ...descent]) {
        expect(from).toBe(at);
        at = to;
      }
    });
  },
);

test('Ladder over a server whose finals alone are more than it can do refuses newcomers within half a minute', () => {
  const server = new ToyServer(7);
  const ladder = new Ladder();
  for (let i = 0; i < 6 * TOY_CAPACITY; i++) server.open();
  const changes = rule(server, ladder, 30_000);
  expect(changes.map(({ to }) => to)).toEqual(LADDER_STEPS.slice(1));
});
