import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { ANYONE, type Caller } from '../server/admission/api-keys.ts';
import { type LimitName, Quotas } from '../server/admission/quotas.ts';
import type { StreamAllowance } from '../server/admission/stream-allowance.ts';
import { readConfig } from '../server/config/config.ts';
import { StreamError } from '../server/errors.ts';
import { ManualClock } from './support/manual-clock.ts';

const CONFIG = {
  ...readConfig({}, {}),
  maxStreamsPerKey: 3,
  maxStreamsPerMeeting: 2,
  maxViewersPerKey: 3,
  maxViewersPerMeeting: 2,
  maxBufferedMsPerKey: 3000,
  maxBufferedMsPerMeeting: 2000,
  maxBytesPerSecondPerKey: 300,
  maxBytesPerSecondPerMeeting: 200,
};
const SECOND = 16_000;

function caller(name: string, limits: Caller['limits'] = {}): Caller {
  return { name, weight: 1, limits };
}

let clock: ManualClock;
let breaches: LimitName[];
let quotas: Quotas;

beforeEach(() => {
  clock = new ManualClock();
  breaches = [];
  quotas = new Quotas(CONFIG, clock, (limit) => breaches.push(limit));
});

/** The error's sentence, or '' when there is none. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof StreamError) return `${error.code}: ${error.message}`;
    throw error;
  }

  return '';
}

function join(who: Caller, meeting: string): StreamAllowance {
  const allowance = quotas.speaker(who);
  allowance.join(meeting);

  return allowance;
}

describe('Quotas', () => {
  it('count streams against their key from the first moment', () => {
    const first = quotas.speaker(caller('a'));
    for (let i = 0; i < 2; i++) quotas.speaker(caller('a'));
    expect(refusal(() => quotas.speaker(caller('a')))).toBe(
      'too-many-streams: The server has as many streams as it may. It takes at most 3 of this key.',
    );
    expect(breaches).toEqual(['streams-per-key']);
    expect(refusal(() => quotas.speaker(caller('b')))).toBe('');
    first.leave();
    expect(refusal(() => quotas.speaker(caller('a')))).toBe('');
  });

  it('count streams against a meeting when they join it, whatever their keys', () => {
    join(caller('a'), 'm');
    const second = join(caller('b'), 'm');
    expect(refusal(() => quotas.speaker(ANYONE).join('m'))).toMatch(
      /^too-many-streams: .* of this meeting\.$/,
    );
    expect(refusal(() => quotas.speaker(caller('a')).join('other'))).toBe('');
    second.leave();
    expect(refusal(() => quotas.speaker(ANYONE).join('m'))).toBe('');
    expect(breaches).toEqual(['streams-per-meeting']);
  });

  it('have no limits of a key for those who need none', () => {
    for (let i = 0; i < 10; i++) join(ANYONE, `meeting ${i}`).hold(2 * SECOND);
    expect(breaches).toEqual([]);
  });

  it('count viewers against both, and against neither when one refuses', () => {
    const leave = quotas.viewer(caller('a'), 'm');
    quotas.viewer(caller('a'), 'm');
    expect(refusal(() => quotas.viewer(caller('a'), 'm'))).toMatch(
      /^too-many-viewers: .* 2 of this meeting\.$/,
    );
    quotas.viewer(caller('a'), 'n');
    expect(refusal(() => quotas.viewer(caller('a'), 'o'))).toMatch(/^too-many-viewers: .* 3 of this key\.$/);
    leave();
    leave();
    expect(refusal(() => quotas.viewer(caller('a'), 'm'))).toBe('');
    expect(refusal(() => quotas.viewer(caller('b'), 'm'))).toMatch(/ of this meeting/);
    expect(breaches).toEqual(['viewers-per-meeting', 'viewers-per-key', 'viewers-per-meeting']);
  });

  it('sum the audio that the streams of a meeting hold', () => {
    const first = join(caller('a'), 'm');
    const second = join(caller('b'), 'm');
    first.hold(1.5 * SECOND);
    expect(refusal(() => second.hold(SECOND))).toMatch(
      /^audio-overrun: .* Over all streams it holds at most 2000 ms of this meeting\.$/,
    );
    first.release(SECOND);
    expect(refusal(() => second.hold(SECOND))).toBe('');
    expect(refusal(() => second.hold(0.5 * SECOND + 1))).not.toBe('');
    first.leave();
    expect(refusal(() => second.hold(SECOND))).toBe('');
    expect(breaches).toEqual(['buffered-per-meeting', 'buffered-per-meeting']);
  });

  it('sum the audio that the streams of a key hold in all meetings', () => {
    const [first, second] = [join(caller('a'), 'm'), join(caller('a'), 'n')];
    first.hold(2 * SECOND);
    expect(refusal(() => second.hold(1.1 * SECOND))).toMatch(/3000 ms of this key\.$/);
    // It counts against the meeting no more than against the key.
    expect(refusal(() => join(caller('b'), 'n').hold(2 * SECOND))).toBe('');
    expect(refusal(() => second.hold(0))).toBe('');
  });

  it('let no stream give back what others hold', () => {
    const [first, second] = [join(ANYONE, 'm'), join(ANYONE, 'm')];
    first.hold(SECOND);
    second.hold(SECOND);
    first.release(10 * SECOND);
    first.leave();
    first.leave();
    expect(refusal(() => second.hold(SECOND))).toBe('');
    expect(refusal(() => second.hold(1))).not.toBe('');
  });

  it('bound the bytes of a meeting in a second, after five seconds in advance', () => {
    const [first, second] = [join(ANYONE, 'm'), join(ANYONE, 'm')];
    first.receive(1000);
    expect(refusal(() => second.receive(1))).toMatch(
      /^audio-too-fast: .* Over all streams it takes at most 200 bytes a second of this meeting\.$/,
    );
    clock.advance(1000);
    expect(refusal(() => second.receive(200))).toBe('');
    expect(breaches).toEqual(['bytes-per-meeting']);
  });

  it('bound the bytes of a key in a second, before a meeting is joined as well', () => {
    const early = quotas.speaker(caller('a'));
    early.receive(1500);
    expect(refusal(() => early.receive(1))).toMatch(/300 bytes a second of this key\.$/);
    expect(refusal(() => quotas.speaker(caller('b')).receive(1500))).toBe('');
  });

  it("put a key's own limits in the place of all keys'", () => {
    const generous = caller('a', { maxStreams: 5, maxBufferedMs: 1000, maxBytesPerSecond: 10 });
    const streams = Array.from({ length: 5 }, (_, i) => join(generous, `m${i}`));
    expect(refusal(() => quotas.speaker(generous))).toContain('at most 5 of this key');
    expect(streams[0]!.maxBufferedSamples).toBe(SECOND);
    expect(refusal(() => streams[0]!.hold(SECOND + 1))).toContain('1000 ms of this key');
    expect(refusal(() => streams[0]!.receive(51))).toContain('10 bytes a second of this key');
  });

  it('remember a meeting that was left until its bytes have come again', () => {
    const first = join(ANYONE, 'm');
    first.receive(1000);
    first.leave();
    expect(quotas.size).toBe(1);
    const again = join(ANYONE, 'm');
    expect(refusal(() => again.receive(1))).not.toBe('');
    again.leave();
    clock.advance(6000);
    expect(quotas.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('remember nothing of those they refused', () => {
    for (let i = 0; i < 3; i++) quotas.viewer(caller('a'), 'm'.repeat(i + 1));
    const before = quotas.size;
    for (let i = 0; i < 10; i++) expect(refusal(() => quotas.viewer(caller('a'), `new ${i}`))).not.toBe('');
    expect(quotas.size).toBe(before);
  });

  it('take exactly what fits both limits, and are empty when all have left', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(SECOND)), { maxLength: 80 }),
        (steps) => {
          const timeless = new ManualClock();
          const subject = new Quotas(CONFIG, timeless, () => {});
          const streams: { key: number; meeting: number; held: number; allowance: StreamAllowance }[] = [];
          const sum = (by: 'key' | 'meeting', which: number, of: 'held' | null) =>
            streams
              .filter((stream) => stream[by] === which)
              .reduce((total, s) => total + (of ? s.held : 1), 0);
          for (const [what, key, meeting, samples] of steps) {
            const stream = streams[samples % Math.max(1, streams.length)];
            if (what === 0) {
              const fits = sum('key', key, null) < 3 && sum('meeting', meeting, null) < 2;
              const allowance = attempt(() => subject.speaker(caller(String(key))));
              const joined =
                allowance !== null && attempt(() => allowance.join(String(meeting)) ?? true) !== null;
              expect(joined).toBe(fits);
              if (joined) streams.push({ key, meeting, held: 0, allowance });
              else allowance?.leave();
            } else if (stream && what === 1) {
              const fits =
                sum('key', stream.key, 'held') + samples <= 3 * SECOND &&
                sum('meeting', stream.meeting, 'held') + samples <= 2 * SECOND;
              expect(attempt(() => stream.allowance.hold(samples) ?? true) !== null).toBe(fits);
              if (fits) stream.held += samples;
            } else if (stream && what === 2) {
              stream.allowance.release(samples);
              stream.held = Math.max(0, stream.held - samples);
            } else if (stream) {
              stream.allowance.leave();
              streams.splice(streams.indexOf(stream), 1);
            }
          }
          for (const { allowance } of streams) allowance.leave();
          expect(subject.size).toBe(0);
        },
      ),
    );
  });
});

/** What it gives, or null when it is refused. */
function attempt<Result>(act: () => Result): Result | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof StreamError) return null;
    throw error;
  }
}
