import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AdmissionControl, type AdmissionState } from '../server/overload/admission.ts';
import { LADDER_STEPS, Ladder } from '../server/overload/ladder.ts';
import { WaitingRoom } from '../server/overload/waiting-room.ts';
import { ToyServer } from './support/toy-server.ts';

const LIMITS = { maxStreams: 1000, maxWaiting: 50, threads: 2 };
const IDLE: AdmissionState = { step: 'full', open: 0, waiting: 0, busyShare: { final: 0, partial: 0 } };

function state(change: Partial<AdmissionState>): AdmissionState {
  return { ...IDLE, ...change };
}

/** Arrivals every 100 ms for some time, all of whom stay. @returns how many were let in. */
function admitted(admission: AdmissionControl, from: AdmissionState, forMs: number): number {
  let count = 0;
  for (let nowMs = 100_000; nowMs < 100_000 + forMs; nowMs += 100) {
    if (admission.arrive({ ...from, open: from.open + count }, nowMs).kind === 'admit') count++;
  }

  return count;
}

/** A control that has seen streams open for long enough for their load to show. */
function settled(from: AdmissionState): AdmissionControl {
  const admission = new AdmissionControl(LIMITS);
  for (let nowMs = 0; nowMs < 100_000; nowMs += 500) admission.admitsNext(from, nowMs);

  return admission;
}

describe('AdmissionControl', () => {
  test('lets a meeting that begins in at once while the server is idle', () => {
    const admission = new AdmissionControl(LIMITS);
    const decisions = Array.from({ length: 30 }, (_, open) => admission.arrive(state({ open }), 0).kind);
    expect(decisions).toEqual(Array(30).fill('admit'));
  });

  test('lets a thousand in within half a minute where they cost next to nothing', () => {
    const admission = new AdmissionControl(LIMITS);
    let open = 0;
    for (let nowMs = 0; nowMs < 30_000; nowMs += 100) {
      while (admission.arrive(state({ open }), nowMs).kind === 'admit') open++;
    }
    expect(open).toBe(LIMITS.maxStreams);
  });

  test('lets in a twentieth of those there each second below full service', () => {
    const from = state({ step: 'finals-only', open: 100, busyShare: { final: 0.3, partial: 0 } });
    expect(admitted(settled(from), from, 4000)).toBeLessThanOrEqual(35);
    expect(admitted(settled(from), from, 4000)).toBeGreaterThanOrEqual(20);
  });

  test('lets one in each second and thread where hardly anybody is there', () => {
    const from = state({ step: 'slower-partials', open: 2, busyShare: { final: 0.01, partial: 0.8 } });
    expect(admitted(settled(from), from, 4000)).toBeGreaterThanOrEqual(8);
    expect(admitted(settled(from), from, 4000)).toBeLessThanOrEqual(12);
  });

  test.each(['waiting-room', 'refuse'] as const)('lets nobody in at %s, nor all at once after it', (step) => {
    const from = state({ step, open: 100, busyShare: { final: 0.3, partial: 0 } });
    const admission = settled(from);
    expect(admission.admitsNext({ ...from, waiting: 5 }, 100_000)).toBe(false);
    expect(admission.arrive(from, 100_000).kind).toBe(step === 'refuse' ? 'refuse' : 'wait');
    const below = state({ ...from, step: 'finals-only', waiting: 5 });
    expect(admission.admitsNext(below, 100_100)).toBe(false);
    expect(admission.admitsNext(below, 100_250)).toBe(true);
    expect(admission.admitsNext(below, 100_250)).toBe(false);
  });

  test('reckons with the load of those let in before it shows', () => {
    const count = (final: number) => {
      const from = state({ step: 'finals-only', open: 100, busyShare: { final, partial: 0 } });

      return admitted(settled(from), from, 5000);
    };
    expect(count(0.3)).toBeGreaterThan(30);
    // 0.7 with 100 streams is 0.75 with 107, and some more once the first of them show.
    expect(count(0.7)).toBeGreaterThanOrEqual(7);
    expect(count(0.7)).toBeLessThan(20);
    expect(count(0.76)).toBe(0);
  });

  test('has those who wait go first, and tells the one who comes to a full room to come again', () => {
    const admission = new AdmissionControl(LIMITS);
    expect(admission.arrive(state({ waiting: 3 }), 0).kind).toBe('wait');
    expect(admission.arrive(state({ waiting: LIMITS.maxWaiting }), 0)).toMatchObject({
      kind: 'refuse',
      code: 'busy',
    });
    expect(admission.admitsNext(state({ waiting: 3 }), 0)).toBe(true);
  });

  test('never has more streams than allowed: further ones wait, and are refused where no more may wait', () => {
    const admission = new AdmissionControl(LIMITS);
    const full = state({ open: LIMITS.maxStreams, waiting: LIMITS.maxWaiting - 1 });
    expect(admission.arrive(full, 0).kind).toBe('wait');
    expect(admission.admitsNext(full, 10_000)).toBe(false);
    expect(admission.arrive({ ...full, waiting: LIMITS.maxWaiting }, 10_000)).toMatchObject({
      kind: 'refuse',
      code: 'too-many-streams',
    });
  });

  test('spreads those it refuses over time, between five seconds and a minute', () => {
    const admission = new AdmissionControl(LIMITS);
    const busy = state({ step: 'refuse', open: 10 });
    const retries = Array.from({ length: 500 }, () => admission.arrive(busy, 0)).map((decision) =>
      decision.kind === 'refuse' ? decision.retryAfterMs : Number.NaN,
    );
    expect(Math.min(...retries)).toBe(5000);
    expect(Math.max(...retries)).toBe(60_000);
    for (let fromMs = 5000; fromMs < 60_000; fromMs += 1000) {
      const within = retries.filter((ms) => ms >= fromMs && ms < fromMs + 1000);
      expect(within.length).toBeLessThanOrEqual(20);
    }
    expect(new Set(retries).size).toBeGreaterThan(100);
  });

  test('keeps to its limits whatever it is told', () => {
    const states = fc.record({
      step: fc.constantFrom(...LADDER_STEPS),
      open: fc.nat(1200),
      waiting: fc.nat(60),
      busyShare: fc.record({ final: fc.double({ min: 0, max: 2 }), partial: fc.double({ min: 0, max: 2 }) }),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(states, fc.nat(5000))), (script) => {
        const admission = new AdmissionControl(LIMITS);
        let nowMs = 0;
        for (const [now, afterMs] of script) {
          nowMs += afterMs;
          const closed = now.step === 'waiting-room' || now.step === 'refuse';
          const next = admission.admitsNext(now, nowMs);
          if (next) expect(!closed && now.waiting > 0 && now.open < LIMITS.maxStreams).toBe(true);
          const decision = admission.arrive(now, nowMs);
          if (decision.kind === 'admit') {
            expect(!closed && now.waiting === 0 && now.open < LIMITS.maxStreams).toBe(true);
          }
          if (decision.kind === 'wait') expect(now.waiting).toBeLessThan(LIMITS.maxWaiting);
          if (decision.kind === 'refuse') {
            expect(decision.retryAfterMs).toBeGreaterThanOrEqual(5000);
            expect(decision.retryAfterMs).toBeLessThanOrEqual(60_000);
          }
        }
      }),
    );
  });
});

/** A toy server with its ladder, admission and waiting room, as the lobby has them. */
class Venue {
  readonly server = new ToyServer(7);
  readonly ladder = new Ladder();
  readonly room = new WaitingRoom<number>(1000);
  readonly admission = new AdmissionControl({ maxStreams: 10_000, maxWaiting: 1000, threads: 2 });
  /** By entry: the last place told. */
  readonly told = new Map<number, number>();
  readonly admittedInOrder: number[] = [];
  /** Steps taken. */
  changes = 0;
  #nextEntry = 0;

  arrive(count: number): void {
    for (let i = 0; i < count; i++) {
      const decision = this.admission.arrive(this.#state(), this.server.nowMs);
      if (decision.kind === 'admit') this.server.open();
      if (decision.kind !== 'wait') continue;
      const entry = this.#nextEntry++;
      this.told.set(entry, this.room.join(entry, 1, this.server.nowMs)!.ahead);
    }
  }

  leave(count: number): void {
    for (const id of [...this.server.streams.keys()].slice(0, count)) this.server.close(id);
  }

  run(forMs: number): void {
    for (const untilMs = this.server.nowMs + forMs; this.server.nowMs < untilMs; ) {
      this.server.run(500, this.ladder.meaning.partialPace);
      const { nowMs } = this.server;
      if (this.ladder.observe(this.server.sample(), nowMs)) this.changes++;
      while (this.admission.admitsNext(this.#state(), nowMs)) {
        this.admittedInOrder.push(this.room.admit(nowMs)!);
        this.server.open();
      }
      for (const { entry, ahead } of this.room.places(nowMs)) this.told.set(entry, ahead);
    }
  }

  #state(): AdmissionState {
    const { step, busyShare } = this.ladder;

    return { step, open: this.server.streams.size, waiting: this.room.size, busyShare };
  }
}

describe('AdmissionControl, Ladder and WaitingRoom', () => {
  // Finals of 500 streams are all that the toy server's threads can do.
  test('settle near what a server holds when half as many again come at once, with every final on time', () => {
    const venue = new Venue();
    venue.run(2000);
    venue.arrive(750);
    venue.run(240_000);
    const settledAt = venue.server.streams.size;
    expect(settledAt).toBeGreaterThan(340);
    expect(settledAt).toBeLessThan(440);
    const changes = venue.changes;
    venue.run(120_000);
    expect(venue.server.streams.size - settledAt).toBeLessThan(20);
    expect(venue.changes - changes).toBeLessThanOrEqual(2);
    expect(venue.server.worstFinalLagMs).toBeLessThan(1000);
    expect(venue.server.streams.size + venue.room.size).toBe(750);
    const places = [...venue.told].filter(([entry]) => !venue.admittedInOrder.includes(entry));
    expect(places.map(([, ahead]) => ahead)).toEqual(places.map((_, index) => index));
  });

  test('let those who wait in, in order, as streams leave, and all of them in the end', () => {
    const venue = new Venue();
    venue.run(2000);
    venue.arrive(600);
    venue.run(120_000);
    const open = venue.server.streams.size;
    venue.leave(50);
    venue.run(60_000);
    expect(Math.abs(venue.server.streams.size - open)).toBeLessThan(40);
    expect(venue.room.size).toBeGreaterThan(0);
    venue.leave(300);
    venue.run(120_000);
    expect(venue.room.size).toBe(0);
    expect(venue.admittedInOrder).toEqual(venue.admittedInOrder.map((_, index) => index));
    expect(venue.server.worstFinalLagMs).toBeLessThan(1000);
  });
});
