import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Clip, encode, readClips } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectFatal, openStream, wordErrorShare } from './speech.ts';

let server: RunningServer;
let clips: readonly Clip[];
let clients: RawClient[] = [];

beforeAll(async () => {
  const flags = ['--max-streams', '2', '--max-waiting-streams', '2', '--resume-window-ms', '0'];
  [server, clips] = await Promise.all([startRoundtable(flags), readClips()]);
});

afterAll(() => server.stop());

afterEach(async () => {
  for (const client of clients) client.close();
  await Promise.all(clients.map(({ closed }) => closed));
  while ((await metric('streams')) > 0);
  clients = [];
});

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`roundtable_${name} `));

  return Number(line?.split(' ')[1]);
}

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(`${server.socketUrl}/v1/stream`);
  clients.push(client);

  return client;
}

/** Fills the server with two streams. */
async function fill(): Promise<readonly [RawClient, RawClient]> {
  const both = [await openStream(server), await openStream(server)] as const;
  clients.push(...both);

  return both;
}

/** Connects and starts, and is told to wait. */
async function wait(): Promise<RawClient> {
  const client = await connect();
  client.send({ type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le', partials: false });
  await client.next('waiting');

  return client;
}

describe('A full server', () => {
  it('has the third wait, the fourth behind it, and refuses the fifth, with a time to come again', async () => {
    await fill();
    const [third, fourth] = [await wait(), await wait()];
    expect(third.messages).toEqual([{ type: 'waiting', ahead: 0, expectedWaitMs: null }]);
    expect(fourth.messages).toEqual([{ type: 'waiting', ahead: 1, expectedWaitMs: null }]);
    expect(await metric('waiting_streams')).toBe(2);
    const { retryAfterMs } = await expectFatal(await connect(), 'too-many-streams');
    expect(Number.isInteger(retryAfterMs)).toBe(true);
    expect(retryAfterMs).toBeGreaterThanOrEqual(5000);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  it('lets in and captions the third when one leaves, and tells the fourth that it is next', async () => {
    const [first] = await fill();
    const [third, fourth] = [await wait(), await wait()];
    first.close();
    const { maxBufferedMs } = await third.next('ready');
    expect(maxBufferedMs).toBeGreaterThan(0);
    third.sendAudio(encode('pcm_s16le', clips[3]!.samples));
    third.send({ type: 'stop' });
    expect(await third.closed).toEqual({ code: 1000, reason: 'done' });
    expect(wordErrorShare(third, clips[3]!.reference)).toBeLessThanOrEqual(0.25);
    await fourth.next('ready');
    expect(fourth.all('waiting')[0]!.ahead).toBe(1);
    expect(fourth.all('error')).toEqual([]);
  });

  it('gives the place of one who gives up to the one behind', async () => {
    const [first] = await fill();
    const [third, fourth] = [await wait(), await wait()];
    third.socket.terminate();
    await third.closed;
    await fourth.until(() => fourth.all('waiting').at(-1)!.ahead === 0);
    first.close();
    await fourth.next('ready');
  });
});

describe('A stream that waits', () => {
  it('is told once that its audio is not taken, and loses nothing else by it', async () => {
    const [first] = await fill();
    const third = await wait();
    for (let i = 0; i < 3; i++) third.sendBytes(new Uint8Array(3200));
    await third.passMarker(1);
    expect(third.all('error')).toMatchObject([{ code: 'not-admitted', fatal: false }]);
    first.close();
    await third.next('ready');
    third.sendAudio(encode('pcm_s16le', clips[3]!.samples));
    third.send({ type: 'stop' });
    await third.closed;
    expect(third.all('error')).toHaveLength(1);
    const { receivedMs, droppedMs } = third.all('done')[0]!;
    expect(receivedMs).toBe(Math.round(clips[3]!.samples.length / 16));
    expect(droppedMs).toBe(0);
  });

  it('has its markers answered, and its flushes passed over', async () => {
    await fill();
    const third = await wait();
    third.send({ type: 'flush' });
    for (const id of [7, 3]) await third.passMarker(id);
    expect(third.messages.slice(1)).toEqual([
      { type: 'marker', id: 7 },
      { type: 'marker', id: 3 },
    ]);
  });

  it('is done with nothing when it stops, and leaves its place', async () => {
    await fill();
    const third = await wait();
    third.send({ type: 'stop' });
    expect(await third.closed).toEqual({ code: 1000, reason: 'done' });
    expect(third.messages.at(-1)).toEqual({
      type: 'done',
      streamId: expect.any(String),
      captions: 0,
      receivedMs: 0,
      transcribedMs: 0,
      silenceMs: 0,
      droppedMs: 0,
    });
    expect((await wait()).all('waiting')[0]!.ahead).toBe(0);
  });

  it('is already started when it starts again', async () => {
    await fill();
    const third = await wait();
    third.send({ type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le' });
    await expectFatal(third, 'already-started');
  });
});
