import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CLASS_WEIGHTS, type PriorityClass } from '../server/admission/priority-class.ts';
import { JobOrder, MAX_YIELD_MS, type Ordered, SHORT_MS, yieldMs } from '../server/jobs/job-order.ts';

interface Recording {
  readonly class: PriorityClass;
  readonly lengthMs: number;
}

interface Waiting extends Recording, Ordered {
  readonly number: number;
  readonly hasBegun: boolean;
}

/** A queue that does nothing but order. */
class Line {
  readonly waiting: Waiting[] = [];
  readonly #order = new JobOrder();
  #numbers = 0;

  submit(recording: Recording): Waiting {
    const tag = this.#order.tag(recording, this.waiting);
    const waiting = { ...recording, tag, number: this.#numbers++, hasBegun: false };
    this.waiting.push(waiting);
    this.waiting.sort((a, b) => a.tag.rank - b.tag.rank || a.number - b.number);

    return waiting;
  }

  serve(): Waiting | undefined {
    const next = this.waiting.shift();
    if (next) this.#order.begun(next);

    return next;
  }
}

const HOUR_MS = 3_600_000;
const classes = fc.constantFrom(...(Object.keys(CLASS_WEIGHTS) as PriorityClass[]));
const lengths = fc.oneof(
  fc.integer({ min: 1000, max: SHORT_MS }),
  fc.integer({ min: 1000, max: 4 * HOUR_MS }),
);
const recordings = fc.record({ class: classes, lengthMs: lengths });
/** A recording comes, or the first is taken. */
const operations = fc.array(fc.oneof({ weight: 2, arbitrary: recordings }, fc.constant('serve' as const)), {
  maxLength: 120,
});

/** Runs operations, and then all that is left. @returns everything in the order it was served. */
function play(all: readonly (Recording | 'serve')[]): { served: Waiting[]; aheadOf: Map<number, number[]> } {
  const line = new Line();
  const served: Waiting[] = [];
  const aheadOf = new Map<number, number[]>();
  const look = () => {
    for (const [ahead, { number }] of line.waiting.entries())
      aheadOf.set(number, [...(aheadOf.get(number) ?? []), ahead]);
  };
  const serve = () => {
    const next = line.serve();
    if (next) served.push(next);
    look();
  };
  for (const operation of all) {
    if (operation === 'serve') serve();
    else line.submit(operation);
    look();
  }
  while (line.waiting.length > 0) serve();

  return { served, aheadOf };
}

describe('The order of recordings', () => {
  test('serves every recording once', () => {
    fc.assert(
      fc.property(operations, (all) => {
        const { served } = play(all);
        const numbers = served.map(({ number }) => number).sort((a, b) => a - b);
        expect(numbers).toEqual(all.filter((one) => one !== 'serve').map((_, i) => i));
      }),
    );
  });

  test('keeps equal recordings of one class in their order, so that places only fall', () => {
    fc.assert(
      fc.property(lengths, classes, fc.array(fc.boolean(), { maxLength: 100 }), (lengthMs, name, comes) => {
        const { served, aheadOf } = play(comes.map((one) => (one ? { class: name, lengthMs } : 'serve')));
        expect(served.map(({ number }) => number)).toEqual(served.map((_, i) => i));
        for (const places of aheadOf.values())
          expect(places).toEqual(places.toSorted((first, second) => second - first));
      }),
    );
  });

  test('keeps short recordings of one class in their order, whatever their lengths', () => {
    const short = fc.integer({ min: 0, max: SHORT_MS });
    fc.assert(
      fc.property(fc.array(short, { maxLength: 100 }), (all) => {
        const { served } = play(all.map((lengthMs) => ({ class: 'standard', lengthMs })));
        expect(served.map(({ number }) => number)).toEqual(all.map((_, i) => i));
      }),
    );
  });

  test('has no recording wait for more later work of its class than the bound', () => {
    fc.assert(
      fc.property(operations, (all) => {
        const { served } = play(all);
        for (const [i, recording] of served.entries()) {
          const overtook = served
            .slice(0, i)
            .filter((other) => other.class === recording.class && other.number > recording.number);
          const workMs = overtook.reduce((sum, { lengthMs }) => sum + lengthMs, 0);
          expect(workMs).toBeLessThanOrEqual(yieldMs(recording.lengthMs));
        }
      }),
    );
  });

  test("has no recording wait for more later work of another class than that class's share", () => {
    fc.assert(
      fc.property(operations, (all) => {
        const { served } = play(all);
        for (const [i, { class: name, tag, number }] of served.entries()) {
          for (const other of Object.keys(CLASS_WEIGHTS) as PriorityClass[]) {
            if (other === name) continue;
            const later = served.slice(0, i).filter((one) => one.class === other && one.number > number);
            const cost = later.reduce((sum, one) => sum + one.tag.finish - one.tag.start, 0);
            const firstStart = Math.min(...later.map((one) => one.tag.start), tag.rank);
            expect(cost).toBeLessThanOrEqual(tag.rank - firstStart + 1e-3);
          }
        }
      }),
    );
  });

  test('has a long recording served while short ones of another class come one at a time', () => {
    const line = new Line();
    const { number } = line.submit({ class: 'standard', lengthMs: HOUR_MS });
    let served = 0;
    do {
      line.submit({ class: 'high', lengthMs: 20_000 });
      served++;
    } while (line.serve()!.number !== number && served < 10_000);
    // Four hours' worth for the hour and what it yields, by the weights.
    expect(served).toBeLessThan((2 * HOUR_MS * 4) / 20_000);
  });

  test('lets short recordings go ahead of a long one that came before', () => {
    const line = new Line();
    line.submit({ class: 'standard', lengthMs: 2 * HOUR_MS });
    for (let i = 0; i < 20; i++) line.submit({ class: 'standard', lengthMs: SHORT_MS });
    const at = line.waiting.findIndex(({ number }) => number === 0);
    // An hour of them, but not more.
    expect(at).toBeGreaterThanOrEqual(10);
    expect(at).toBeLessThanOrEqual(MAX_YIELD_MS / SHORT_MS);
  });

  test('shares between classes by their weights', () => {
    const line = new Line();
    for (let i = 0; i < 100; i++) line.submit({ class: 'low', lengthMs: SHORT_MS });
    for (let i = 0; i < 100; i++) line.submit({ class: 'standard', lengthMs: SHORT_MS });
    for (let i = 0; i < 100; i++) line.submit({ class: 'high', lengthMs: SHORT_MS });
    const first = Array.from({ length: 84 }, () => line.serve()!.class);
    const count = (name: PriorityClass) => first.filter((one) => one === name).length;
    expect(count('high') / count('standard')).toBeCloseTo(4, 0);
    expect(count('standard') / count('low')).toBeCloseTo(4, 0);
  });

  test('gives a class that comes back no credit for the time that it was away', () => {
    const line = new Line();
    for (let i = 0; i < 50; i++) line.submit({ class: 'standard', lengthMs: SHORT_MS });
    for (let i = 0; i < 40; i++) line.serve();
    for (let i = 0; i < 20; i++) line.submit({ class: 'low', lengthMs: SHORT_MS });
    const next = Array.from({ length: 10 }, () => line.serve()!.class);
    expect(next.filter((name) => name === 'low').length).toBeLessThanOrEqual(3);
  });
});
