import { describe, expect, it } from 'vitest';
import type { ReadyMessage } from '../../client-sdk/protocol.ts';
import { DialectSpeaker } from '../../server/dialects/dialect-speaker.ts';
import type { Incoming } from '../../server/net/codec.ts';
import { ManualClock } from '../support/manual-clock.ts';

const READY: ReadyMessage = {
  ...{ type: 'ready', version: 1, streamId: 's', meeting: 's', speaker: 'Ada', model: 'scripted@0' },
  ...{ maxBufferedMs: 1000, resumeToken: '', resumeWindowMs: 0, nextFrame: 0 },
};

/** A speaker of telephone audio, what its session was handed, and what its client was told. */
function startSpeaker() {
  const handed: string[] = [];
  const told: string[] = [];
  const speaker = new DialectSpeaker({
    clock: new ManualClock(),
    maxBacklogBytes: 65_536,
    outputBytes: () => 0,
  });
  speaker.attach(
    {
      message: (message: Incoming) =>
        handed.push(message.type === 'audio' ? 'audio' : String(message.fields.type)),
      received: () => {},
      roomMs: Number.POSITIVE_INFINITY,
      fault: () => {},
      closed: () => handed.push('closed'),
    },
    {
      told: ({ type }) => told.push(type),
      done: () => told.push('done'),
      failed: ({ code }) => told.push(code),
    },
  );
  speaker.start({ sampleRate: 8000, encoding: 'mulaw' });

  return { speaker, handed, told };
}

describe("A dialect's speaker whose client is gone", () => {
  it('has what the stream took captioned, and tells nobody', () => {
    const { speaker, handed, told } = startSpeaker();
    speaker.send(READY);
    speaker.audio(new Uint8Array(16_000));
    speaker.gone();
    // The second second had to wait, and was let go.
    expect(handed).toEqual(['start', 'audio', 'stop']);
    expect(speaker.backlogBytes).toBe(0);
    speaker.send({ type: 'ack', acknowledgedMs: 1000 });
    speaker.close(1000, 'done');
    expect(handed).toEqual(['start', 'audio', 'stop', 'closed']);
    expect(told).toEqual(['ready']);
  });

  it('does not stop a stream twice', () => {
    const { speaker, handed } = startSpeaker();
    speaker.send(READY);
    speaker.stop();
    speaker.gone();
    speaker.gone();
    expect(handed).toEqual(['start', 'stop']);
  });

  it('gives up a stream that has not been let in', () => {
    const { speaker, handed, told } = startSpeaker();
    speaker.audio(new Uint8Array(8000));
    speaker.gone();
    expect(handed).toEqual(['start', 'closed']);
    speaker.send(READY);
    expect(told).toEqual([]);
  });
});
