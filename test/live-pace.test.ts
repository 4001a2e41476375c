import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LivePace } from '../server/stream/live-pace.ts';

const MESSAGE_MS = 20;
const MINUTE_MS = 60_000;

/** A stream that can send audio, and let time pass. */
class Sender {
  readonly #pace: LivePace;
  #nowMs: number;

  /** @param waitedMs from when it connected to when audio may flow. */
  constructor(waitedMs = 0) {
    this.#pace = new LivePace(1000);
    this.#nowMs = 1000 + waitedMs;
  }

  get isLive(): boolean {
    return this.#pace.isLive(this.#nowMs);
  }

  burst(audioMs: number): void {
    this.#pace.receive(audioMs, this.#nowMs);
  }

  wait(ms: number): void {
    this.#nowMs += ms;
  }

  /** Sends for so long, at so many times real time. @returns when it was live first, or Infinity. */
  send(durationMs: number, speed = 1): number {
    let liveAtMs = Number.POSITIVE_INFINITY;
    for (let ms = MESSAGE_MS; ms <= durationMs; ms += MESSAGE_MS) {
      this.wait(MESSAGE_MS);
      this.burst(MESSAGE_MS * speed);
      if (this.isLive) liveAtMs = Math.min(liveAtMs, ms);
    }

    return liveAtMs;
  }
}

describe('LivePace', () => {
  test('takes a microphone for live all day, whose clock is up to a fifth fast or slow', () => {
    for (const speed of [0.8, 1, 1.001, 1.2]) {
      const sender = new Sender();
      for (let hour = 0; hour < 8; hour++) {
        sender.send(60 * MINUTE_MS, speed);
        expect(sender.isLive).toBe(true);
      }
    }
  });

  test('takes a stream sent at one and a half times the speed of speech or more for a recording, and keeps to it', () => {
    for (const speed of [1.5, 4, 100]) {
      const sender = new Sender();
      sender.send(MINUTE_MS, speed);
      expect(sender.isLive).toBe(false);
      expect(sender.send(10 * MINUTE_MS, speed)).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('takes one that sends 10 s at once for live, and one that sends more for a recording', () => {
    const sender = new Sender();
    sender.burst(10_000);
    expect(sender.isLive).toBe(true);
    sender.burst(1);
    expect(sender.isLive).toBe(false);
  });

  test('takes a microphone for live again 75 s after a minute of buffered audio came at once', () => {
    const sender = new Sender();
    sender.burst(MINUTE_MS);
    expect(sender.isLive).toBe(false);
    const liveAtMs = sender.send(2 * MINUTE_MS);
    expect(liveAtMs).toBeGreaterThan(70_000);
    expect(liveAtMs).toBeLessThan(80_000);
    expect(sender.isLive).toBe(true);
  });

  test('takes what was held back while it waited or stalled, up to a minute, for live at once', () =>
    fc.assert(
      fc.property(fc.nat(MINUTE_MS), fc.nat(MINUTE_MS), fc.nat(30_000), (waitMs, stallMs, spokenMs) => {
        const sender = new Sender(waitMs);
        sender.burst(waitMs);
        expect(sender.isLive).toBe(true);
        sender.send(spokenMs);
        sender.wait(stallMs);
        sender.burst(stallMs);
        expect(sender.isLive).toBe(true);
      }),
      { numRuns: 30 },
    ));

  test('makes up for no more than a minute', () => {
    const sender = new Sender(60 * MINUTE_MS);
    sender.burst(MINUTE_MS + 10_001);
    expect(sender.isLive).toBe(false);
  });
});
