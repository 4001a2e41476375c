import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WaitingRoom } from '../server/overload/waiting-room.ts';

function roomOf(...entries: string[]): WaitingRoom<string> {
  const room = new WaitingRoom<string>(100);
  for (const entry of entries) room.join(entry, 1, 0);

  return room;
}

type Step =
  | { readonly kind: 'join'; readonly weight: number }
  | { readonly kind: 'leave'; readonly which: number }
  | { readonly kind: 'admit' | 'places' };

const steps: fc.Arbitrary<{ readonly step: Step; readonly afterMs: number }[]> = fc.array(
  fc.record({
    step: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('join' as const), weight: fc.constantFrom(1, 1, 4) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat(40) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('admit' as const, 'places' as const) }) },
    ),
    afterMs: fc.nat(3000),
  }),
  { maxLength: 150 },
);

describe('WaitingRoom', () => {
  test('lets in first who came first', () => {
    const room = roomOf('a', 'b', 'c');
    expect([room.admit(1), room.admit(2), room.admit(3), room.admit(4)]).toEqual(['a', 'b', 'c', null]);
  });

  test('puts higher weights first, in the order they came', () => {
    const room = roomOf('a', 'b');
    expect(room.join('c', 4, 0)).toEqual({ ahead: 0, expectedWaitMs: null });
    expect(room.join('d', 4, 0)).toEqual({ ahead: 1, expectedWaitMs: null });
    expect(room.clear()).toEqual(['c', 'd', 'a', 'b']);
    expect(room.size).toBe(0);
  });

  test('takes no more than it holds', () => {
    const room = new WaitingRoom<number>(2);
    expect(room.join(1, 1, 0)).not.toBeNull();
    expect(room.join(2, 1, 0)).not.toBeNull();
    expect(room.join(3, 9, 0)).toBeNull();
    room.admit(1);
    expect(room.join(3, 9, 1)).toMatchObject({ ahead: 0 });
  });

  test('has no expectation before the first was let in, and then one for each place', () => {
    const room = roomOf('a', 'b', 'c');
    expect(room.places(5000)).toEqual([]);
    room.admit(10_000);
    expect(room.places(10_000)).toEqual([
      { entry: 'b', ahead: 0, expectedWaitMs: 10_000 },
      { entry: 'c', ahead: 1, expectedWaitMs: 20_000 },
    ]);
  });

  test('is quiet while a wait counts down as told', () => {
    const room = roomOf('a', 'b', 'c');
    room.admit(10_000);
    room.places(10_000);
    for (let atMs = 10_500; atMs <= 20_000; atMs += 500) expect(room.places(atMs)).toEqual([]);
    expect(room.join('d', 1, 16_000)).toEqual({ ahead: 2, expectedWaitMs: 24_000 });
  });

  test('tells of longer waits when nobody is let in any more', () => {
    const room = roomOf('a', 'b', 'c');
    room.admit(10_000);
    room.places(10_000);
    const told: number[] = [];
    for (let atMs = 10_500; atMs <= 200_000; atMs += 500) {
      for (const { entry, expectedWaitMs } of room.places(atMs)) {
        if (entry === 'c') told.push(expectedWaitMs!);
      }
    }
    expect(told.at(-1)).toBeGreaterThan(40_000);
    expect(told.length).toBeLessThan(45);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });

  test('counts only the time in which somebody waited', () => {
    const room = roomOf('a');
    room.admit(2000);
    room.join('b', 1, 60_000);
    expect(room.join('c', 1, 60_000)).toEqual({ ahead: 1, expectedWaitMs: 4000 });
    room.admit(62_000);
    expect(room.join('d', 1, 62_000)).toEqual({ ahead: 1, expectedWaitMs: 4000 });
  });

  test('forgets after five empty minutes how fast it went', () => {
    const room = roomOf('a');
    room.admit(2000);
    expect(room.join('b', 1, 400_000)).toEqual({ ahead: 0, expectedWaitMs: null });
  });

  test('tells each at most once a second', () => {
    const room = roomOf('a', 'b', 'c', 'd');
    room.admit(1000);
    expect(room.places(1000)).toHaveLength(3);
    room.admit(1500);
    expect(room.places(1500)).toEqual([]);
    expect(room.places(2000)).toHaveLength(2);
  });

  test('loses nobody, keeps the order, and leaves all knowing their place', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const room = new WaitingRoom<number>(20);
        let model: { readonly id: number; readonly weight: number }[] = [];
        const told = new Map<number, number>();
        let nowMs = 0;
        let nextId = 0;
        for (const { step, afterMs } of script) {
          nowMs += afterMs;
          if (step.kind === 'join') {
            const id = nextId++;
            const place = room.join(id, step.weight, nowMs);
            expect(place === null).toBe(model.length >= 20);
            if (!place) continue;
            model = [...model, { id, weight: step.weight }].sort((a, b) => b.weight - a.weight);
            expect(model[place.ahead]?.id).toBe(id);
            told.set(id, place.ahead);
          } else if (step.kind === 'leave') {
            expect(room.leave(step.which)).toBe(model.some(({ id }) => id === step.which));
            model = model.filter(({ id }) => id !== step.which);
          } else if (step.kind === 'admit') {
            expect(room.admit(nowMs)).toBe(model.shift()?.id ?? null);
          } else {
            for (const { entry, ahead, expectedWaitMs } of room.places(nowMs)) {
              expect(expectedWaitMs ?? 0).toBeGreaterThanOrEqual(0);
              told.set(entry, ahead);
            }
          }
          expect(room.size).toBe(model.length);
        }
        for (const { entry, ahead } of room.places(nowMs + 1000)) told.set(entry, ahead);
        expect(model.map(({ id }) => told.get(id))).toEqual(model.map((_, index) => index));
        expect(room.clear()).toEqual(model.map(({ id }) => id));
      }),
    );
  });
});
