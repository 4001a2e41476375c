import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { StreamError } from '../../server/errors.ts';
import { attachedDouble, NativeDouble } from '../support/native-double.ts';

const START = { sampleRate: 16_000, encoding: 'pcm_s16le' } as const;
const SECOND_BYTES = 32_000;
const ENTRY_BYTES = 128;
const FINAL: FinalMessage = {
  ...{ type: 'final', captionId: 's:0', segmentId: 0, revision: 0, endpoint: 'silence', text: 'One.' },
  ...{ meeting: 'm', streamId: 's', speaker: 'Ada', language: 'en', model: 'x@0' },
  ...{ startMs: 0, endMs: 1, spokenAtMs: 0 },
};

function counting(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => i % 251);
}

/** One that has started and was let in. */
function speaking(maxBufferedMs?: number, options: Parameters<typeof attachedDouble>[0] = {}) {
  const parts = attachedDouble(options);
  parts.speaker.start(START);
  parts.native.ready(maxBufferedMs);

  return parts;
}

describe('DialectSpeaker', () => {
  test('hands over audio and controls in the order in which they came, once it is let in', () => {
    const { native, speaker, told } = attachedDouble();
    speaker.start({ ...START, meeting: 'm' });
    speaker.audio(counting(640));
    speaker.flush();
    speaker.mark(7);
    speaker.audio(counting(320));
    speaker.stop();
    expect(native.start).toEqual({ type: 'start', ...START, meeting: 'm' });
    expect(native.heard).toEqual(['start']);
    native.say({ type: 'waiting', ahead: 0, expectedWaitMs: null });
    expect(native.heard).toEqual(['start']);
    native.ready();
    expect(native.heard).toEqual(['start', 640, 'flush', 'marker 7', 320, 'stop']);
    expect(told.map(({ type }) => type)).toEqual(['waiting', 'ready']);
  });

  test('keeps to what the stream takes, and goes on as it is acknowledged', () => {
    const { native, speaker } = speaking(2000);
    speaker.audio(counting(5 * SECOND_BYTES));
    expect(native.audio).toHaveLength(2 * SECOND_BYTES);
    native.say({ type: 'ack', acknowledgedMs: 999 });
    expect(native.audio).toHaveLength(2 * SECOND_BYTES);
    native.say({ type: 'ack', acknowledgedMs: 1000 });
    expect(native.audio).toHaveLength(3 * SECOND_BYTES);
    native.say({ type: 'ack', acknowledgedMs: 3000 });
    expect(native.audio).toHaveLength(5 * SECOND_BYTES);
    expect(speaker.backlogBytes).toBe(0);
  });

  test('looks again now and then where others hold all that its quotas allow', () => {
    const { native, speaker } = speaking();
    native.roomMs = 1999;
    native.onMessage = () => {
      native.roomMs -= 1000;
    };
    speaker.audio(counting(2 * SECOND_BYTES));
    expect(native.audio).toHaveLength(SECOND_BYTES);
    native.clock.advance(100);
    expect(native.audio).toHaveLength(SECOND_BYTES);
    native.roomMs = 1000;
    native.clock.advance(100);
    expect(native.audio).toHaveLength(2 * SECOND_BYTES);
  });

  test('keeps controls behind the audio that waits before them', () => {
    const { native, speaker } = speaking(1000);
    speaker.audio(counting(2 * SECOND_BYTES));
    speaker.mark(1);
    speaker.stop();
    expect(native.heard).toEqual(['start', SECOND_BYTES]);
    native.say({ type: 'ack', acknowledgedMs: 1000 });
    expect(native.heard).toEqual(['start', SECOND_BYTES, SECOND_BYTES, 'marker 1', 'stop']);
  });

  test('takes acknowledgements that come while it hands over', () => {
    const { native, speaker } = speaking(1000);
    let acknowledgedMs = 0;
    native.onMessage = () => native.say({ type: 'ack', acknowledgedMs });
    acknowledgedMs = 1000;
    speaker.audio(counting(2 * SECOND_BYTES));
    expect(native.audio).toEqual([...counting(2 * SECOND_BYTES)]);
  });

  test('hands over some seconds at a time, so that others have their turn', () => {
    const { native, speaker } = speaking();
    speaker.audio(counting(12 * SECOND_BYTES));
    expect(native.audio).toHaveLength(5 * SECOND_BYTES);
    speaker.audio(counting(10));
    expect(native.audio).toHaveLength(5 * SECOND_BYTES);
    expect(native.clock.pendingTimers).toBe(1);
    native.clock.advance(0);
    expect(native.audio).toHaveLength(12 * SECOND_BYTES + 10);
    expect(native.clock.pendingTimers).toBe(0);
  });

  test('hands over some messages at a time too, however short they are', () => {
    const { native, speaker } = attachedDouble({ maxBacklogBytes: 1_000_000 });
    speaker.start(START);
    for (let i = 0; i < 2500; i++) speaker.audio(counting(2));
    native.ready();
    expect(native.audio).toHaveLength(2000);
    expect(native.clock.pendingTimers).toBe(1);
    native.clock.advance(0);
    expect(native.audio).toHaveLength(5000);
    expect(native.clock.pendingTimers).toBe(0);
  });

  test('puts samples together again that came in two messages', () => {
    const { native, speaker } = attachedDouble();
    speaker.start({ sampleRate: 16_000, encoding: 'pcm_f32le', channels: 2 });
    native.ready();
    const audio = counting(24);
    for (const [from, to] of [
      [0, 3],
      [3, 10],
      [10, 24],
    ] as const)
      speaker.audio(audio.subarray(from, to));
    expect(native.heard).toEqual(['start', 8, 16]);
    expect(native.audio).toEqual([...audio]);
  });

  test('copies what it is given', () => {
    const { native, speaker } = attachedDouble();
    speaker.start(START);
    const audio = counting(5);
    speaker.audio(audio);
    audio.fill(255);
    speaker.audio(counting(1));
    native.ready();
    expect(native.audio).toEqual([0, 1, 2, 3, 4, 0]);
  });

  test('tells what waits and what was taken, and when there is less', () => {
    const { native, speaker } = attachedDouble();
    let calls = 0;
    speaker.onTaken = () => calls++;
    speaker.start(START);
    speaker.audio(counting(641));
    speaker.flush();
    expect(speaker.backlogBytes).toBe(640 + 2 * ENTRY_BYTES);
    expect([speaker.takenBytes, calls]).toEqual([0, 0]);
    native.ready();
    expect(speaker.backlogBytes).toBe(0);
    expect([speaker.takenBytes, calls]).toEqual([640, 1]);
  });

  test('fails with audio-overrun when more waits than may, and holds nothing from then on', () => {
    const { native, speaker, ends } = attachedDouble({ maxBacklogBytes: 1000 });
    speaker.start(START);
    speaker.audio(counting(1000 - ENTRY_BYTES));
    let thrown: unknown;
    try {
      speaker.audio(counting(2));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'audio-overrun' });
    speaker.fault(thrown);
    expect(ends).toEqual([
      {
        code: 'audio-overrun',
        message: 'More audio waits to be captioned than the server holds for a stream.',
        retryAfterMs: null,
      },
    ]);
    expect(native.isClosed).toBe(true);
    expect(speaker.backlogBytes).toBe(0);
    speaker.audio(counting(5000));
    expect(speaker.backlogBytes).toBe(0);
  });

  test('bounds messages without audio too', () => {
    const { speaker } = attachedDouble({ maxBacklogBytes: 1000 });
    speaker.start(START);
    expect(() => {
      for (let i = 0; i < 10; i++) speaker.mark(i);
    }).toThrow(StreamError);
  });

  test('does not overrun with what the stream has room for', () => {
    const { native, speaker } = speaking(60_000, { maxBacklogBytes: 6 * SECOND_BYTES });
    for (let i = 0; i < 8; i++) {
      speaker.audio(counting(5 * SECOND_BYTES));
      native.clock.advance(0);
    }
    expect(native.audio).toHaveLength(40 * SECOND_BYTES);
  });

  test('is done when the stream is', () => {
    const { native, speaker, told, ends } = speaking();
    speaker.stop();
    native.finish();
    expect(ends).toEqual(['done']);
    expect(told.at(-1)?.type).toBe('done');
    expect(native.isClosed).toBe(true);
  });

  test('tells why it failed once, and of what is not fatal as it comes', () => {
    const { native, told, ends } = speaking();
    native.fault(new StreamError('segment-lost'));
    expect(told.at(-1)).toMatchObject({ type: 'error', code: 'segment-lost' });
    native.fault(new StreamError('busy', undefined, { retryAfterMs: 3000 }));
    native.fault(new StreamError('busy'));
    expect(ends).toEqual([
      { code: 'busy', message: 'The server has more work than it can do in time.', retryAfterMs: 3000 },
    ]);
  });

  test('is at fault for what it asks for when it is told something, not the session that tells', () => {
    const native = new NativeDouble({ maxBacklogBytes: SECOND_BYTES });
    const { speaker } = native;
    const codes: string[] = [];
    speaker.attach(native, {
      told: ({ type }) => {
        if (type === 'final') speaker.mark(1);
      },
      done: () => {},
      failed: ({ code }) => codes.push(code),
    });
    speaker.start(START);
    native.ready(1);
    // Room for no other message.
    speaker.audio(counting(SECOND_BYTES - ENTRY_BYTES));
    expect(() => native.say(FINAL)).not.toThrow();
    expect([codes, native.isClosed]).toEqual([['audio-overrun'], true]);
  });

  test('hands over sixteen markers, and what follows the next when one is answered', () => {
    const { native, speaker } = speaking();
    for (let id = 0; id < 17; id++) {
      speaker.flush();
      speaker.mark(id);
    }
    speaker.audio(counting(640));
    expect(native.heard.filter((heard) => String(heard).startsWith('marker'))).toHaveLength(16);
    expect(native.audio).toEqual([]);
    native.say({ type: 'marker', id: 0 });
    expect(native.heard.slice(-2)).toEqual(['marker 16', 640]);
  });

  test('has what the stream took captioned when its client is gone, and tells nobody', () => {
    const { native, speaker, told, ends } = speaking(1000);
    speaker.audio(counting(12 * SECOND_BYTES));
    speaker.gone();
    speaker.gone();
    // What had to wait was let go.
    expect(native.heard).toEqual(['start', SECOND_BYTES, 'stop']);
    expect([speaker.backlogBytes, native.clock.pendingTimers]).toEqual([0, 0]);
    native.say({ type: 'ack', acknowledgedMs: 1000 });
    expect(native.isClosed).toBe(false);
    native.finish();
    expect([told.length, ends, native.isClosed]).toEqual([1, [], true]);
  });

  test('does not stop a stream twice', () => {
    const { native, speaker } = speaking();
    speaker.stop();
    speaker.gone();
    expect(native.heard).toEqual(['start', 'stop']);
  });

  test('gives up a stream that has not been let in when its client is gone', () => {
    const { native, speaker, told } = attachedDouble();
    speaker.start(START);
    speaker.audio(counting(SECOND_BYTES));
    speaker.gone();
    expect([native.heard, native.isClosed]).toEqual([['start'], true]);
    native.ready();
    expect(told).toEqual([]);
  });

  test('has each message counted, and the output of its client', () => {
    const { native, speaker } = attachedDouble({ outputBytes: 77 });
    speaker.received(10);
    speaker.received(5);
    expect([native.receivedBytes, speaker.bufferedBytes, speaker.heldMessages]).toEqual([15, 77, 0]);
  });
});

describe('DialectSpeaker, however audio is cut,', () => {
  test('hands over the same bytes in whole frames, and never more than the stream takes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(9), fc.nat(40_000)), { maxLength: 40 }),
        fc.constantFrom(1, 2, 3),
        // Above a piece of a second: acknowledgements are whole milliseconds, and what is handed over need not be.
        fc.integer({ min: 1001, max: 4000 }),
        fc.array(fc.nat(3), { maxLength: 60 }),
        (lengths, channels, maxBufferedMs, pauses) => {
          const { native, speaker } = attachedDouble({ maxBacklogBytes: 1e9 });
          const frameBytes = 2 * channels;
          speaker.start({ ...START, channels });
          native.ready(maxBufferedMs);
          let acknowledgedMs = 0;
          const takenMs = () => native.audio.length / frameBytes / 16;
          const total = lengths.reduce((sum, length) => sum + length, 0);
          const audio = counting(total);
          let at = 0;
          for (const [i, length] of lengths.entries()) {
            speaker.audio(audio.subarray(at, at + length));
            at += length;
            expect(takenMs() - acknowledgedMs).toBeLessThanOrEqual(maxBufferedMs);
            expect(native.audio.length % frameBytes).toBe(0);
            if (pauses[i] === 0) {
              acknowledgedMs = Math.floor(takenMs());
              native.say({ type: 'ack', acknowledgedMs });
            }
          }
          const whole = total - (total % frameBytes);
          while (native.audio.length < whole) {
            native.clock.advance(0);
            native.say({ type: 'ack', acknowledgedMs: Math.floor(takenMs()) });
          }
          expect(native.audio).toEqual([...audio.subarray(0, whole)]);
          expect(speaker.takenBytes).toBe(whole);
        },
      ),
      { numRuns: 60 },
    );
  });
});
