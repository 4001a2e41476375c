import { describe, expect, it } from 'vitest';
import { DialectSpeaker } from '../../server/dialects/dialect-speaker.ts';
import type { Incoming } from '../../server/net/codec.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** A speaker whose stream is ready, and what it was handed. */
function readySpeaker(): { readonly speaker: DialectSpeaker; readonly handed: string[] } {
  const handed: string[] = [];
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
      closed: () => {},
    },
    { told: () => {}, done: () => {}, failed: () => {} },
  );
  speaker.start({ sampleRate: 8000, encoding: 'mulaw' });
  speaker.send({
    type: 'ready',
    version: 1,
    streamId: 's',
    meeting: 's',
    speaker: 'Ada',
    model: 'scripted@0',
    maxBufferedMs: 60_000,
    resumeToken: '',
    resumeWindowMs: 0,
    nextFrame: 0,
  });
  handed.length = 0;

  return { speaker, handed };
}

describe("A dialect's speaker whose client asks for more answers than a stream may owe", () => {
  it('hands over sixteen markers, and what follows the next when one is answered', () => {
    const { speaker, handed } = readySpeaker();
    for (let id = 0; id < 17; id++) {
      speaker.flush();
      speaker.mark(id);
    }
    speaker.audio(new Uint8Array(80));
    expect(handed.filter((type) => type === 'marker')).toHaveLength(16);
    expect(handed).not.toContain('audio');
    speaker.send({ type: 'marker', id: 0 });
    expect(handed.filter((type) => type === 'marker')).toHaveLength(17);
    expect(handed.at(-1)).toBe('audio');
  });
});
