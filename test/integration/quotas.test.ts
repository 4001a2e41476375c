import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LimitName } from '../../server/admission/quotas.ts';
import { type Clip, encode, join, readClips } from '../support/audio.ts';
import { readMetric, untilMetric } from '../support/metrics.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectFatal, openStream, type SpeakOptions, watchOverBystander } from './speech.ts';

const LIMITS = { maxStreams: 3, maxViewers: 1, maxBufferedMs: 35_000, maxBytesPerSecond: 160_000 };
const TIGHT_KEY = 'tight-0123456789';
const FREE_KEY = 'free-0123456789a';
/** Nothing of it is acknowledged for a long time: one segment that neither ends nor is cut. */
const HELD: SpeakOptions = {
  encoding: 'mulaw',
  partials: false,
  endpointing: { minSilenceMs: 2000, maxSegmentMs: 28_000 },
};
/** 11 s of eight channels in floats, 17 MB: more than five seconds of `maxBytesPerSecond` within the first second. */
const WIDE: SpeakOptions = { encoding: 'pcm_f32le', channels: 8, sampleRate: 48_000 };

let clips: readonly Clip[];
/** 14 s of speech without a pause, in a byte a sample. */
let fourteenSeconds: Uint8Array;

beforeAll(async () => {
  clips = await readClips();
  const middle = clips[1]!.samples.subarray(8000, 64_000);
  fourteenSeconds = encode('mulaw', join(middle, middle, middle, middle));
});

/** Counts one breach of a limit while `act` runs. */
async function expectBreach(
  server: RunningServer,
  limit: LimitName,
  act: () => Promise<void>,
): Promise<void> {
  const name = `roundtable_limit_breaches_total{limit="${limit}"}`;
  const before = await readMetric(server.url, name);
  await act();
  expect(await readMetric(server.url, name)).toBe(before + 1);
}

function openViewer(server: RunningServer, meeting: string): Promise<RawClient> {
  return RawClient.connect(`${server.socketUrl}/v1/meetings/${meeting}/captions`, undefined, server.key);
}

/** Each limit in turn, of streams in one meeting or in several. */
function describeLimits(
  owner: 'key' | 'meeting',
  open: () => RunningServer,
  meetings: readonly string[],
): void {
  const [first, second, third, fourth] = meetings;

  it('too many streams are too-many-streams, until one leaves', async () => {
    const server = open();
    const streams = await Promise.all(
      [first, second, third].map((meeting) => openStream(server, { meeting: meeting! })),
    );
    await expectBreach(server, `streams-per-${owner}`, async () => {
      const late = await RawClient.connect(`${server.socketUrl}/v1/stream`, undefined, server.key);
      late.send({ type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le', meeting: fourth });
      const { message } = await expectFatal(late, 'too-many-streams');
      expect(message).toContain(`at most 3 of this ${owner}.`);
    });
    streams[0]!.close();
    await untilMetric(server.url, 'roundtable_streams', 3);
    const next = await openStream(server, { meeting: fourth! });
    for (const client of [...streams, next]) client.close();
  });

  it('too many viewers are too-many-viewers, until one leaves', async () => {
    const server = open();
    const viewer = await openViewer(server, first!);
    await viewer.next('watching');
    await expectBreach(server, `viewers-per-${owner}`, async () => {
      const { message } = await expectFatal(await openViewer(server, second!), 'too-many-viewers');
      expect(message).toContain(`at most 1 of this ${owner}.`);
    });
    viewer.close();
    await untilMetric(server.url, 'roundtable_viewers', 0);
    const next = await openViewer(server, second!);
    await next.next('watching');
    next.close();
  });

  it('the stream with which too much audio waits is audio-overrun, and the others go on', async () => {
    const server = open();
    const holders = await Promise.all(
      [first, second].map((meeting) => openStream(server, { ...HELD, meeting: meeting! })),
    );
    for (const client of holders) {
      expect(client.all('ready')[0]!.maxBufferedMs).toBe(35_000);
      client.sendAudio(fourteenSeconds);
      await client.passMarker(1);
    }
    await expectBreach(server, `buffered-per-${owner}`, async () => {
      const late = await openStream(server, { ...HELD, meeting: third! });
      late.sendAudio(fourteenSeconds);
      const { message } = await expectFatal(late, 'audio-overrun');
      expect(message).toContain(`at most 35000 ms of this ${owner}.`);
    });
    for (const client of holders) client.send({ type: 'stop' });
    for (const client of holders) {
      expect((await client.closed).code).toBe(1000);
      expect(client.all('done')[0]).toMatchObject({ receivedMs: 14_000, droppedMs: 0 });
    }
  });

  it('the stream with which bytes come too fast is audio-too-fast', async () => {
    const server = open();
    const quiet = await openStream(server, { meeting: second! });
    await expectBreach(server, `bytes-per-${owner}`, async () => {
      const client = await openStream(server, { ...WIDE, meeting: first! });
      client.sendAudio(new Uint8Array(17_000_000));
      const { message } = await expectFatal(client, 'audio-too-fast');
      expect(message).toContain(`at most 160000 bytes a second of this ${owner}.`);
    });
    expect(quiet.all('error')).toEqual([]);
    quiet.close();
  });
}

describe('In a meeting', () => {
  let server: RunningServer;

  beforeAll(async () => {
    const flags = {
      '--resume-window-ms': 0,
      '--max-streams-per-meeting': LIMITS.maxStreams,
      '--max-viewers-per-meeting': LIMITS.maxViewers,
      '--max-buffered-ms-per-meeting': LIMITS.maxBufferedMs,
      '--max-bytes-per-second-per-meeting': LIMITS.maxBytesPerSecond,
    };
    server = await startRoundtable(Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]));
  });
  afterAll(() => server.stop());

  watchOverBystander(
    () => server,
    () => clips[3]!,
    'file',
  );
  afterEach(() => untilMetric(server.url, 'roundtable_streams', 1));

  describeLimits('meeting', () => server, ['crowded', 'crowded', 'crowded', 'crowded']);
});

describe('With a key', () => {
  let server: RunningServer;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(joinPath(tmpdir(), 'roundtable-quotas-'));
    const file = joinPath(folder, 'keys.json');
    const keys = [
      { name: 'tight', key: TIGHT_KEY, ...LIMITS },
      { name: 'free', key: FREE_KEY, class: 'high' },
    ];
    await writeFile(file, JSON.stringify({ keys }));
    server = await startRoundtable(['--keys-file', file, '--resume-window-ms', '0']);
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  watchOverBystander(
    () => ({ ...server, key: FREE_KEY }),
    () => clips[3]!,
    'file',
  );
  afterEach(() => untilMetric(server.url, 'roundtable_streams', 1));

  describeLimits('key', () => ({ ...server, key: TIGHT_KEY }), ['a', 'b', 'c', 'd']);
});
