import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerMessage } from '../client-sdk/protocol.ts';
import { ANYONE } from '../server/admission/api-keys.ts';
import { StreamError } from '../server/errors.ts';
import { Failure } from '../server/failure.ts';
import type { Incoming } from '../server/net/codec.ts';
import type { Connection } from '../server/net/connection.ts';
import {
  type CaptionRecordingOptions,
  captionRecording,
  type RecordingLobby,
} from '../server/session/caption-recording.ts';
import { openLobby } from './support/lobby-rig.ts';
import { speech } from './support/speech-stream-rig.ts';

const RATE = 16_000;
const NEVER = new AbortController().signal;

/** Sentences, each with a second's pause behind it. */
function sentences(count: number, seconds = 2): Float32Array<ArrayBuffer> {
  const samples = new Float32Array(count * (seconds + 1) * RATE);
  for (let i = 0; i < count; i++) samples.set(speech(seconds * RATE), i * (seconds + 1) * RATE);

  return samples;
}

/** A recording in pieces that are that long. */
function recording(
  samples: Float32Array<ArrayBuffer>,
  pieceSamples = RATE / 2,
): CaptionRecordingOptions['recording'] {
  return {
    sampleRate: RATE,
    pieces: (async function* () {
      for (let at = 0; at < samples.length; at += pieceSamples) yield samples.slice(at, at + pieceSamples);
    })(),
  };
}

function caption(
  lobby: RecordingLobby,
  of: CaptionRecordingOptions['recording'],
  more: Partial<CaptionRecordingOptions> = {},
): ReturnType<typeof captionRecording> {
  return captionRecording({ lobby, caller: ANYONE, recording: of, start: {}, signal: NEVER, ...more });
}

/** Notes what goes in and out of a lobby's sessions. */
function tapped(lobby: RecordingLobby, note: (message: Incoming | ServerMessage) => void): RecordingLobby {
  return {
    speaker: (connection, ...rest) => {
      const heard = Object.create(connection, {
        send: {
          value: (message: ServerMessage) => {
            note(message);
            connection.send(message);
          },
        },
        close: { value: (code: number, reason: string) => connection.close(code, reason) },
        bufferedBytes: { value: 0 },
        heldMessages: { value: 0 },
      }) as Connection;
      const session = lobby.speaker(heard, ...rest);

      return {
        fault: (error) => session.fault(error),
        received: (bytes) => session.received(bytes),
        closed: () => session.closed(),
        message: (message) => {
          note(message);
          session.message(message);
        },
      };
    },
  };
}

describe('captionRecording', () => {
  it('gives the finals of the whole recording, which are kept as others are', async () => {
    const { lobby, open, over, store } = openLobby();
    open();
    const told: string[] = [];
    const { finals, done, model } = await over(
      caption(lobby, recording(sentences(20)), {
        start: { meeting: 'standup', speaker: 'Ada', language: 'en' },
        onFinal: ({ captionId }) => told.push(captionId),
      }),
    );
    expect(finals).toHaveLength(20);
    expect(finals.map(({ startMs }) => Math.round(startMs / 3000))).toEqual(finals.map((_, i) => i));
    expect(finals[0]).toMatchObject({
      meeting: 'standup',
      speaker: 'Ada',
      text: expect.stringMatching(/samples/),
    });
    expect(told).toEqual(finals.map(({ captionId }) => captionId));
    expect(done).toMatchObject({ captions: 20, receivedMs: 60_000, droppedMs: 0 });
    expect(model).toBe('model@000000000000');
    expect(lobby.streams()).toBe(0);
    const { captions } = await store.finalsOfMeeting('standup', { limit: 100 });
    expect(captions).toEqual(finals);
  });

  it('captions a recording alike, however it comes in pieces', async () => {
    const samples = sentences(3);
    const captions = async (pieceSamples: number) => {
      const { lobby, open, over } = openLobby();
      open();
      const { finals, done } = await over(caption(lobby, recording(samples, pieceSamples)));

      return {
        ...done,
        streamId: '',
        texts: finals.map(({ text, startMs, endMs }) => [text, startMs, endMs]),
      };
    };
    const whole = await captions(samples.length);
    expect(whole.captions).toBe(3);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 500, max: samples.length }), async (pieceSamples) => {
        expect(await captions(pieceSamples)).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });

  it('sends a second at most at a time, and no more than the server holds', async () => {
    const { lobby, open, over } = openLobby({
      flags: { maxBufferedMs: '40000' },
      gate: (clock) => new Promise((resolve) => clock.after(2000, resolve)),
    });
    open();
    let sentMs = 0;
    let acknowledgedMs = 0;
    let widestMs = 0;
    let longestMs = 0;
    const tap = tapped(lobby, (message) => {
      if (message.type === 'ack') acknowledgedMs = (message as { acknowledgedMs: number }).acknowledgedMs;
      if (message.type !== 'audio') return;
      const durationMs = message.pcm.length / 4 / (RATE / 1000);
      sentMs += durationMs;
      longestMs = Math.max(longestMs, durationMs);
      widestMs = Math.max(widestMs, sentMs - acknowledgedMs);
    });
    const { done } = await over(caption(tap, recording(sentences(30, 5), 5 * RATE)));
    expect(done).toMatchObject({ receivedMs: 180_000, captions: 30, droppedMs: 0 });
    expect(longestMs).toBe(1000);
    expect(widestMs).toBeGreaterThan(20_000);
    expect(widestMs).toBeLessThanOrEqual(32_000);
  });

  it('waits for its turn, and tells its place', async () => {
    const { lobby, open, over, run } = openLobby({ flags: { maxStreams: '1' } });
    open();
    const abort = new AbortController();
    let release = () => {};
    const never: CaptionRecordingOptions['recording'] = {
      sampleRate: RATE,
      pieces: (async function* () {
        yield new Float32Array(1);
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      })(),
    };
    const first = caption(lobby, never, { signal: abort.signal }).catch((error: unknown) => error);
    const places: number[] = [];
    const second = caption(lobby, recording(sentences(1)), { onWaiting: ({ ahead }) => places.push(ahead) });
    await run(2000);
    expect(places[0]).toBe(0);
    expect(lobby.waitingStreams()).toBe(1);
    abort.abort(new Error('given up'));
    release();
    expect(await first).toMatchObject({ message: 'given up' });
    expect((await over(second)).finals).toHaveLength(1);
  });

  it('gives up its seat at once when it is given up, whatever it waits for', async () => {
    for (const gate of [() => Promise.resolve(), () => new Promise<void>(() => {})]) {
      const { lobby, open, run, store, over } = openLobby({ gate });
      open();
      const abort = new AbortController();
      const start = { meeting: 'standup' };
      const work = caption(lobby, recording(sentences(100)), { signal: abort.signal, start });
      const failed = work.catch((error: unknown) => error);
      await run(400);
      expect([lobby.streams(), lobby.meetings()]).toEqual([1, 1]);
      abort.abort(new Error('The client went away.'));
      expect([lobby.streams(), lobby.meetings(), lobby.detachedStreams()]).toEqual([0, 0, 0]);
      expect(await over(failed)).toMatchObject({ message: 'The client went away.' });
      await run(2000);
      const records = store.writes
        .flat()
        .flatMap((change) => (change.type === 'stream' ? [change.record] : []));
      expect(records.length).toBeGreaterThan(0);
      expect(await store.findStream(records[0]!.tokenHash)).toBeNull();
      await expect(caption(lobby, recording(sentences(1)), { signal: abort.signal })).rejects.toThrow(
        'went away',
      );
    }
  });

  it('ends with what the recording is not', async () => {
    const { lobby, open, over } = openLobby();
    open();
    const damaged: CaptionRecordingOptions['recording'] = {
      sampleRate: RATE,
      pieces: (async function* () {
        yield sentences(2);
        throw new Failure('The file is damaged.');
      })(),
    };
    await expect(over(caption(lobby, damaged))).rejects.toThrow('The file is damaged.');
    expect(lobby.streams()).toBe(0);
  });

  it('ends with the fault that a client would be told', async () => {
    const { lobby, open, over, run } = openLobby({ flags: { maxStreams: '1', maxWaitingStreams: '0' } });
    const one = () => recording(sentences(1));
    await expect(caption(lobby, one())).rejects.toMatchObject({ code: 'not-ready' });
    open();
    const wrong = caption(lobby, one(), { start: { language: 'fr' } });
    await expect(over(wrong)).rejects.toMatchObject({
      name: 'StreamError',
      code: 'unsupported-language',
      message: new StreamError('unsupported-language', 'It knows en.').message,
      retryAfterMs: null,
    });
    const range = caption(lobby, one(), { start: { endpointing: { minSilenceMs: 1 } } });
    await expect(over(range)).rejects.toMatchObject({ code: 'out-of-range' });
    const first = over(caption(lobby, recording(sentences(40))));
    await run(100);
    const refused = await caption(lobby, one()).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'too-many-streams', retryAfterMs: expect.any(Number) });
    await first;
    expect(lobby.streams()).toBe(0);
  });

  it('gives no half of a recording for the whole when the server stops', async () => {
    const { lobby, open, run, over } = openLobby();
    open();
    const work = caption(lobby, recording(sentences(100))).catch((error: unknown) => error);
    await run(200);
    void lobby.drain();
    expect(await over(work)).toMatchObject({ code: 'draining' });
    expect(lobby.streams()).toBe(0);
  });
});
