import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openSpeaker,
  type Speaker,
  type SpeakerOptions,
  type SpeakerState,
  watchMeeting,
} from '../../client-sdk/index.ts';
import type { DoneMessage, FinalMessage } from '../../client-sdk/protocol.ts';
import { join, readClips, resample, silence } from '../support/audio.ts';
import { type FlakyProxy, startFlakyProxy } from '../support/flaky-proxy.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';

let server: RunningServer;
let proxy: FlakyProxy;
let samples: Float32Array;

beforeAll(async () => {
  const [running, clips] = await Promise.all([startRoundtable(), readClips()]);
  server = running;
  proxy = await startFlakyProxy(Number(new URL(server.url).port));
  samples = join(...clips.flatMap((clip) => [clip.samples, silence(700)]));
});

afterAll(async () => {
  proxy.close();
  await server.stop();
});

interface Spoken {
  readonly finals: readonly FinalMessage[];
  readonly done: DoneMessage;
}

/** Speaks audio as fast as the server takes it. @param between called after each second that was handed over. */
async function speak(
  audio: Float32Array,
  options: Partial<SpeakerOptions> = {},
  between: (second: number, speaker: Speaker) => void | Promise<void> = () => {},
): Promise<Spoken> {
  const speaker = openSpeaker({ url: proxy.url, reconnect: { giveUpAfterMs: 30_000 }, ...options });
  const finals: FinalMessage[] = [];
  speaker.on('final', (final) => finals.push(final));
  const step = (options.sampleRate ?? 16_000) / 5;
  for (let at = 0; at < audio.length; at += step) {
    await speaker.drained();
    speaker.send(audio.subarray(at, at + step));
    if (at % (5 * step) === 0) await between(at / (5 * step), speaker);
  }
  const done = await speaker.stop();
  finals.sort((a, b) => a.segmentId - b.segmentId);

  return { finals, done };
}

/** Resolves when a speaker is in a state. */
async function until(speaker: Speaker, wanted: SpeakerState): Promise<void> {
  if (speaker.state === wanted) return;
  await new Promise<void>((resolve) => {
    const off = speaker.on('state', (state) => {
      if (state !== wanted) return;
      off();
      resolve();
    });
  });
}

/** What was said, caption by caption, wherever it was said. */
function words({ finals }: Spoken): readonly object[] {
  return finals.map(({ segmentId, startMs, endMs, text }) => ({ segmentId, startMs, endMs, text }));
}

describe('A speaker on a real server', () => {
  it.each([
    ['at 16 kHz', 16_000],
    ['at 44.1 kHz, which is resampled', 44_100],
  ])(
    'is captioned word for word as if nothing had happened when its connection is cut again and again, %s',
    async (_, sampleRate) => {
      const audio = resample(samples, sampleRate);
      const undisturbed = await speak(audio, { sampleRate });
      const before = proxy.connections;
      let cuts = 0;
      const disturbed = await speak(audio, { sampleRate }, async (second, speaker) => {
        if (second % 3 !== 1) return;
        await until(speaker, 'live');
        // Once with all of it captioned, once in the middle of what is sent again.
        if (second % 2 === 1) await speaker.mark();
        proxy.cut();
        await until(speaker, 'reconnecting');
        cuts++;
      });
      expect(cuts).toBeGreaterThanOrEqual(5);
      expect(proxy.connections - before).toBe(cuts + 1);
      expect(words(disturbed)).toEqual(words(undisturbed));
      expect(disturbed.done).toEqual({ ...undisturbed.done, streamId: disturbed.done.streamId });
      expect(undisturbed.finals.length).toBeGreaterThan(3);
    },
  );

  it('is captioned so through a network that freezes', async () => {
    const undisturbed = await speak(samples);
    const disturbed = await speak(samples, {}, (second) => {
      if (second === 7) proxy.freeze();
    });
    expect(words(disturbed)).toEqual(words(undisturbed));
  });

  it('is captioned so through a network that is slow', async () => {
    const undisturbed = await speak(samples);
    proxy.throttle(200_000);
    const disturbed = await speak(samples).finally(() => proxy.throttle(Number.POSITIVE_INFINITY));
    expect(words(disturbed)).toEqual(words(undisturbed));
  });

  it('is read along by a viewer, word for word', async () => {
    const viewer = watchMeeting({ url: server.url, meeting: 'read' });
    const read: FinalMessage[] = [];
    viewer.on('final', (final) => read.push(final));
    const left = new Promise((resolve) => viewer.on('speaker-left', resolve));
    const spoken = await speak(samples, { meeting: 'read', speaker: 'Ada' });
    await left;
    viewer.close();
    expect(read.map(({ captionId, text }) => ({ captionId, text }))).toEqual(
      spoken.finals.map(({ captionId, text }) => ({ captionId, text })),
    );
  });

  it('leaves its meeting when it is closed, and not two minutes later', async () => {
    const viewer = watchMeeting({ url: server.url, meeting: 'left' });
    const left = new Promise((resolve) => viewer.on('speaker-left', resolve));
    await new Promise<void>((resolve) => {
      viewer.on('state', () => resolve());
    });
    const speaker = openSpeaker({ url: server.url, meeting: 'left', speaker: 'Ada' });
    await speaker.ready;
    speaker.send(samples.subarray(0, 16_000));
    speaker.close();
    expect(await left).toMatchObject({ speaker: 'Ada' });
    viewer.close();
  });

  it('hears at once what is wrong with its options', async () => {
    const speaker = openSpeaker({ url: server.url, meeting: 'x'.repeat(200) });
    await expect(speaker.ready).rejects.toMatchObject({ code: 'out-of-range', retryable: false });
  });
});
