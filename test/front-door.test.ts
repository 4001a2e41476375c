import { describe, expect, test } from 'vitest';
import { StreamError } from '../server/errors.ts';
import { LATE_FINALS, openDoor, SLOW_PARTIALS } from './support/front-door-rig.ts';

function faultOf(action: () => void): StreamError {
  try {
    action();
  } catch (error) {
    if (error instanceof StreamError) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
}

describe('FrontDoor', () => {
  test('lets in at once while there is room, tells those who wait their places, and refuses the rest', () => {
    const { door, ask, told } = openDoor();
    ask('a', 'b', 'c', 'd');
    expect(told).toEqual(['a: ready', 'b: ready', 'c: 0 ahead, null ms', 'd: 1 ahead, null ms']);
    expect([door.inside, door.waiting]).toEqual([2, 2]);
    const { code, retryAfterMs } = faultOf(() => ask('e'));
    expect(code).toBe('too-many-streams');
    expect(retryAfterMs).toBeGreaterThanOrEqual(5000);
    expect([door.inside, door.waiting]).toEqual([2, 2]);
  });

  test('turns those away who may not even ask, each to come again at another time', () => {
    const { door } = openDoor();
    const [first, second] = [door.turnAway(), door.turnAway()];
    expect([first.code, second.code]).toEqual(['too-many-streams', 'too-many-streams']);
    expect(first.retryAfterMs).toBe(5000);
    expect(second.retryAfterMs).toBeGreaterThan(5000);
  });

  test('lets in the first of the line when somebody leaves, and tells the others that they moved up', () => {
    const { door, clock, ask, told } = openDoor();
    const [a, b] = ask('a', 'b', 'c', 'd');
    clock.advance(2000);
    told.length = 0;
    door.left(a!);
    expect(told).toEqual([]);
    clock.advance(500);
    expect(told).toEqual(['admitted after 2500', 'c: ready', expect.stringMatching(/^d: 0 ahead, \d+ ms$/)]);
    door.left(b!);
    clock.advance(1000);
    expect(told.slice(3)).toEqual(['admitted after 3000', 'd: ready']);
    expect([door.inside, door.waiting]).toEqual([2, 0]);
  });

  test('puts those of more weight in front of the line', () => {
    const { door, clock, ask, guest, told } = openDoor();
    const [a] = ask('a', 'b', 'c');
    door.ask(guest('heavy', 4));
    expect(told.at(-1)).toBe('heavy: 0 ahead, null ms');
    clock.advance(1000);
    expect(told.at(-1)).toBe('c: 1 ahead, null ms');
    door.left(a!);
    clock.advance(500);
    expect(told).toContain('heavy: ready');
    expect(told).not.toContain('c: ready');
  });

  test('gives one place for each who leaves, however often that is said, and none for one who was not there', () => {
    const { door, clock, ask, guest } = openDoor();
    const [a, b, c] = ask('a', 'b', 'c', 'd');
    for (const each of [a!, a!, guest('stranger')]) door.left(each);
    expect([door.inside, door.waiting]).toEqual([1, 2]);
    door.left(c!);
    door.left(c!);
    expect([door.inside, door.waiting]).toEqual([1, 1]);
    clock.advance(500);
    expect([door.inside, door.waiting]).toEqual([2, 0]);
    door.left(b!);
    expect(door.inside).toBe(1);
  });

  test('gives what goes wrong while one is let in to that one, and lets in and tells the others', () => {
    const { door, clock, ask, guest, told } = openDoor({ maxWaiting: 3 });
    const [a, b] = ask('a', 'b', 'next', 'last');
    const broken = guest('broken', 4);
    broken.admit = () => {
      throw new Error('broken');
    };
    door.ask(broken);
    for (const each of [a!, b!]) door.left(each);
    told.length = 0;
    clock.advance(3000);
    expect(told).toContain('broken: Error: broken');
    expect(told).toContain('next: ready');
    expect(told.some((what) => what.startsWith('last: 0 ahead'))).toBe(true);
  });

  test('gives what goes wrong while one is told its place to that one, and tells the others', () => {
    const { door, clock, ask, told } = openDoor({ maxWaiting: 3 });
    const [a, , , broken] = ask('a', 'b', 'next', 'broken', 'last');
    broken!.tellPlace = () => {
      throw new Error('broken');
    };
    door.left(a!);
    told.length = 0;
    clock.advance(3000);
    expect(told).toContain('next: ready');
    expect(told).toContain('broken: Error: broken');
    expect(told.some((what) => what.startsWith('last: 1 ahead'))).toBe(true);
  });

  test('ends its ticks when it is closed, forgets who waits, and can be left and closed again', () => {
    const { door, clock, ask, told } = openDoor();
    const [a, , c] = ask('a', 'b', 'c');
    expect(clock.pendingTimers).toBe(1);
    door.close();
    door.close();
    expect(clock.pendingTimers).toBe(0);
    told.length = 0;
    door.left(a!);
    door.left(c!);
    clock.advance(5000);
    expect(told).toEqual([]);
    expect([door.inside, door.waiting]).toEqual([1, 0]);
  });
});

describe('FrontDoor, as the load grows,', () => {
  test('tells everybody inside of each new service, viewers after them, and nobody who waits', () => {
    const { load, clock, ask, told } = openDoor();
    ask('a', 'b', 'c');
    clock.advance(1000);
    told.length = 0;
    load.now = SLOW_PARTIALS;
    clock.advance(5000);
    expect(told).toEqual([
      'step: full to slower-partials',
      'a: slower-partials, 2',
      'b: slower-partials, 2',
      'viewers: slower-partials, inference-backlog',
      'step: slower-partials to finals-only',
      'a: finals-only, Infinity',
      'b: finals-only, Infinity',
      'viewers: finals-only, inference-backlog',
    ]);
  });

  test('tells everybody else of the new service when telling one goes wrong', () => {
    const { load, clock, ask, told } = openDoor();
    const [a] = ask('a', 'b');
    a!.serve = () => {
      throw new Error('broken');
    };
    told.length = 0;
    load.now = SLOW_PARTIALS;
    clock.advance(2500);
    expect(told).toEqual([
      'step: full to slower-partials',
      'a: Error: broken',
      'b: slower-partials, 2',
      'viewers: slower-partials, inference-backlog',
    ]);
  });

  test('says nothing of a step that changes no service', () => {
    const { door, load, clock, ask, told } = openDoor();
    ask('a');
    load.now = LATE_FINALS;
    clock.advance(20_000);
    expect(door.step).toBe('refuse');
    expect(told.filter((what) => what.startsWith('step:'))).toHaveLength(4);
    expect(told.filter((what) => what.startsWith('a:'))).toEqual([
      'a: ready',
      'a: slower-partials, 2',
      'a: finals-only, Infinity',
    ]);
  });

  test('tells who comes later what there is, after letting them in', () => {
    const { door, load, clock, ask, told } = openDoor();
    const [a] = ask('a', 'b', 'late');
    load.now = SLOW_PARTIALS;
    clock.advance(2500);
    expect(door.step).toBe('slower-partials');
    door.left(a!);
    clock.advance(500);
    expect(told.filter((what) => what.startsWith('late:')).slice(1)).toEqual([
      'late: ready',
      'late: slower-partials, 2',
    ]);
  });

  test('lets nobody in at the waiting room, and refuses as busy beyond it, with a time to come again', () => {
    const { door, load, clock, ask } = openDoor();
    load.now = LATE_FINALS;
    for (let i = 0; door.step !== 'waiting-room' && i < 100; i++) clock.advance(500);
    ask('a');
    expect([door.inside, door.waiting]).toEqual([0, 1]);
    for (let i = 0; door.step !== 'refuse' && i < 100; i++) clock.advance(500);
    const { code, retryAfterMs } = faultOf(() => ask('b'));
    expect(code).toBe('busy');
    expect(retryAfterMs).toBeGreaterThanOrEqual(5000);
    expect([door.inside, door.waiting]).toEqual([0, 1]);
  });

  test('tells that it is over, lets in who waited, and tells those who come then nothing more', () => {
    const { door, load, clock, ask, told } = openDoor();
    ask('a');
    load.now = SLOW_PARTIALS;
    clock.advance(3000);
    load.now = { ...load.now, backlogMs: { final: 0, total: 0 }, busyShare: { final: 0, partial: 0 } };
    clock.advance(60_000);
    expect(door.step).toBe('full');
    expect(told.slice(-2)).toEqual(['a: full, 1', 'viewers: full, recovered']);
    ask('b');
    expect(told.at(-1)).toBe('b: ready');
  });
});
