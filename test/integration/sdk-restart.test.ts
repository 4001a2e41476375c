import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSpeaker, watchMeeting } from '../../client-sdk/index.ts';
import type { DoneMessage, FinalMessage } from '../../client-sdk/protocol.ts';
import { join, readClips, silence } from '../support/audio.ts';
import { type FlakyProxy, startFlakyProxy } from '../support/flaky-proxy.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';

let server: RunningServer;
let proxy: FlakyProxy;
let folder: string;
let samples: Float32Array;

beforeAll(async () => {
  const clips = await readClips();
  samples = join(...clips.flatMap((clip) => [clip.samples, silence(700)]));
});

beforeEach(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'roundtable-restart-'));
  server = await start();
  proxy = await startFlakyProxy(portOf(server));
});

afterEach(async () => {
  proxy.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

/** All of them keep what they hear in the same folder. */
function start(): Promise<RunningServer> {
  return startRoundtable(['--data-dir', folder]);
}

function portOf({ url }: RunningServer): number {
  return Number(new URL(url).port);
}

/** Ends the server, and puts another one in its place. */
async function replace(signal: NodeJS.Signals): Promise<void> {
  server.process.kill(signal);
  await server.exited;
  server = await start();
  proxy.redirect(portOf(server));
}

/** @param atSeconds when the server is replaced, in seconds of the audio handed over. */
async function speak(
  meeting: string,
  atSeconds: readonly number[],
  signal: NodeJS.Signals,
): Promise<{
  readonly finals: readonly FinalMessage[];
  readonly done: DoneMessage;
  readonly streams: number;
}> {
  const speaker = openSpeaker({ url: proxy.url, meeting, speaker: 'Ada', reconnect: { maxMs: 500 } });
  const finals: FinalMessage[] = [];
  const streams = new Set<string>();
  speaker.on('final', (final) => finals.push(final));
  speaker.on('ready', ({ streamId }) => streams.add(streamId));
  for (let second = 0; second * 16_000 < samples.length; second++) {
    await speaker.drained();
    speaker.send(samples.subarray(second * 16_000, (second + 1) * 16_000));
    if (atSeconds.includes(second)) {
      if (second % 2 === 1) await speaker.mark();
      await replace(signal);
    }
  }
  const done = await speaker.stop();
  finals.sort((a, b) => a.segmentId - b.segmentId);

  return { finals, done, streams: streams.size };
}

function words(finals: readonly FinalMessage[]): readonly object[] {
  return finals.map(({ segmentId, startMs, endMs, text }) => ({ segmentId, startMs, endMs, text }));
}

describe('A speaker whose server is replaced', () => {
  it('is captioned word for word as if nothing had happened after kill -9, in the same stream', async () => {
    const undisturbed = await speak('quiet', [], 'SIGKILL');
    const viewer = watchMeeting({ url: proxy.url, meeting: 'killed', reconnect: { maxMs: 500 } });
    const read: FinalMessage[] = [];
    let heard = () => {};
    viewer.on('history', ({ captions }) => {
      read.push(...captions);
      heard();
    });
    viewer.on('final', (final) => {
      read.push(final);
      heard();
    });
    const disturbed = await speak('killed', [3, 8, 13], 'SIGKILL');
    expect(disturbed.streams).toBe(1);
    expect(words(disturbed.finals)).toEqual(words(undisturbed.finals));
    expect(disturbed.done).toEqual({ ...undisturbed.done, streamId: disturbed.done.streamId });
    while (read.length < disturbed.finals.length) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
    viewer.close();
    // In whichever order they came; the words of each once.
    read.sort((a, b) => a.segmentId - b.segmentId);
    expect(words(read)).toEqual(words(disturbed.finals));
  }, 120_000);

  it('loses and doubles nothing after SIGTERM, in streams of the same meeting', async () => {
    const { done, streams, finals } = await speak('drained', [6], 'SIGTERM');
    expect(streams).toBe(2);
    const wholeMs = Math.floor((samples.length * 1000) / 16_000);
    expect(Math.abs(done.receivedMs - wholeMs)).toBeLessThanOrEqual(streams);
    expect(done.transcribedMs + done.silenceMs + done.droppedMs).toBe(done.receivedMs);
    expect(new Set(finals.map(({ meeting, speaker }) => `${meeting} ${speaker}`))).toEqual(
      new Set(['drained Ada']),
    );
  }, 120_000);
});
