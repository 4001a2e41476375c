import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { encode, join, readClips, resample, silence } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectFatal, openStream, type SpeakOptions } from './speech.ts';

let server: RunningServer;
let samples: Float32Array;

beforeAll(async () => {
  const [running, clips] = await Promise.all([startRoundtable(), readClips()]);
  server = running;
  samples = join(
    ...clips.flatMap((clip) => [clip.samples, silence(500)]),
    ...clips.map((clip) => clip.samples),
  );
});

afterAll(() => server.stop());

/** Texts of finals by their ids, of however many connections. */
function transcript(...clients: readonly RawClient[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { captionId, text } of clients.flatMap((client) => client.all('final'))) {
    const key = captionId.split(':')[1]!;
    // What is told again is the same.
    expect(texts.get(key) ?? text).toBe(text);
    texts.set(key, text);
  }

  return texts;
}

/** Sends audio of 16 bits from a frame on to another. */
function send(client: RawClient, audio: Uint8Array, fromFrame: number, toFrame = audio.length / 2): void {
  client.sendAudio(audio.subarray(fromFrame * 2, toFrame * 2));
}

async function resume(token: string, acknowledgedMs: number): Promise<RawClient> {
  const client = await RawClient.connect(`${server.socketUrl}/v1/stream`);
  client.send({ type: 'resume', token, acknowledgedMs });

  return client;
}

function acknowledgedMs(client: RawClient): number {
  return client.all('ack').at(-1)?.acknowledgedMs ?? 0;
}

async function undisturbed(
  audio: Uint8Array,
  options: SpeakOptions = {},
): Promise<ReadonlyMap<string, string>> {
  const client = await openStream(server, options);
  send(client, audio, 0);
  client.send({ type: 'stop' });
  await client.closed;

  return transcript(client);
}

describe('A stream whose connection is lost', () => {
  it.each([
    ['at 16 kHz', 16_000],
    ['at 44.1 kHz, which is resampled', 44_100],
  ])('is captioned word for word as if nothing had happened, %s', async (_, sampleRate) => {
    const audio = encode('pcm_s16le', resample(samples, sampleRate));
    const frames = audio.length / 2;
    const clients = [await openStream(server, { sampleRate })];
    const { resumeToken, streamId } = clients[0]!.all('ready')[0]!;
    let from = 0;
    for (const share of [0.13, 0.4, 0.41, 0.77]) {
      const client = clients.at(-1)!;
      const to = Math.max(from, Math.floor(share * frames));
      send(client, audio, from, to);
      await client.passMarker(1);
      client.socket.terminate();
      const next = await resume(resumeToken, acknowledgedMs(client));
      const ready = await next.next('ready');
      expect(ready.streamId).toBe(streamId);
      expect(ready.nextFrame).toBeLessThanOrEqual(to);
      expect(ready.nextFrame).toBeGreaterThanOrEqual(
        Math.max(0, ((acknowledgedMs(client) - 100) * sampleRate) / 1000),
      );
      clients.push(next);
      from = ready.nextFrame;
    }
    const last = clients.at(-1)!;
    send(last, audio, from);
    last.send({ type: 'stop' });
    expect(await last.closed).toEqual({ code: 1000, reason: 'done' });
    expect(transcript(...clients)).toEqual(await undisturbed(audio, { sampleRate }));
    expect(last.all('done')[0]!.receivedMs).toBe(
      Math.floor((Math.ceil((frames * 16_000) / sampleRate) * 1000) / 16_000),
    );
  });

  it('has its finals told again that may have been lost with it', async () => {
    const audio = encode('pcm_s16le', samples);
    const client = await openStream(server);
    const { resumeToken } = client.all('ready')[0]!;
    send(client, audio, 0, audio.length / 4);
    await client.passMarker(1);
    client.socket.terminate();
    // As if nothing had come but `ready`.
    const next = await resume(resumeToken, 0);
    const { nextFrame } = await next.next('ready');
    const before = client.all('final').filter(({ endMs }) => endMs <= nextFrame / 16);
    expect(before.length).toBeGreaterThan(1);
    await next.until(() => next.all('final').length >= before.length);
    const words = ({ captionId, text }: FinalMessage) => ({ captionId, text });
    expect(next.all('final').map(words)).toEqual(before.map(words));
    next.send({ type: 'stop' });
    await next.closed;
  });

  it('keeps its seat: viewers read on, and hear of no leaving', async () => {
    const audio = encode('pcm_s16le', samples);
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/resumed/captions`);
    const client = await openStream(server, { meeting: 'resumed' });
    const { resumeToken, speaker } = client.all('ready')[0]!;
    send(client, audio, 0, audio.length / 8);
    await client.passMarker(1);
    client.socket.terminate();
    const next = await resume(resumeToken, acknowledgedMs(client));
    const ready = await next.next('ready');
    expect(ready).toMatchObject({ meeting: 'resumed', speaker });
    expect(viewer.all('speaker-left')).toEqual([]);
    send(next, audio, ready.nextFrame, audio.length / 4);
    next.send({ type: 'stop' });
    await next.closed;
    await viewer.next('speaker-left');
    expect([...transcript(viewer).keys()]).toEqual([...transcript(client, next).keys()]);
    viewer.close();
  });

  it('is taken over by a second connection, and the first is told', async () => {
    const client = await openStream(server);
    const { resumeToken } = client.all('ready')[0]!;
    const next = await resume(resumeToken, 0);
    await next.next('ready');
    await expectFatal(client, 'taken-over');
    next.send({ type: 'stop' });
    expect(await next.closed).toEqual({ code: 1000, reason: 'done' });
  });

  it('can be taken up between stop and done', async () => {
    const audio = encode('pcm_s16le', samples.subarray(0, 80_000));
    const client = await openStream(server);
    const { resumeToken } = client.all('ready')[0]!;
    send(client, audio, 0);
    client.send({ type: 'stop' });
    client.socket.terminate();
    const next = await resume(resumeToken, 0);
    const { nextFrame } = await next.next('ready');
    send(next, audio, nextFrame);
    next.send({ type: 'stop' });
    expect(await next.closed).toEqual({ code: 1000, reason: 'done' });
    expect(transcript(next)).toEqual(await undisturbed(audio));
  });
});

describe('resume', () => {
  it.each([
    ['a token that nobody was given', 'x'.repeat(32)],
    ['an empty one', ''],
  ])('is unknown-stream for %s', async (_, token) => {
    await expectFatal(await resume(token, 0), 'unknown-stream');
  });

  it('is unknown-stream after a fault that no other try mends', async () => {
    const client = await openStream(server);
    const { resumeToken } = client.all('ready')[0]!;
    client.send({ type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le' });
    await expectFatal(client, 'already-started');
    await expectFatal(await resume(resumeToken, 0), 'unknown-stream');
  });

  it('is bad-message without a token, and too late after start', async () => {
    const client = await RawClient.connect(`${server.socketUrl}/v1/stream`);
    client.send({ type: 'resume', acknowledgedMs: 0 });
    await expectFatal(client, 'bad-message');
    const other = await openStream(server);
    other.send({ type: 'resume', token: 'x', acknowledgedMs: 0 });
    await expectFatal(other, 'already-started');
  });
});

describe('A stream that nobody takes up in time', () => {
  it('ends as if it had been stopped: what was heard becomes final', async () => {
    const hasty = await startRoundtable(['--resume-window-ms', '0']);
    const audio = encode('pcm_s16le', samples.subarray(0, 36_000));
    const viewer = await RawClient.connect(`${hasty.socketUrl}/v1/meetings/cut/captions`);
    const client = await openStream(hasty, { meeting: 'cut' });
    send(client, audio, 0);
    await client.next('partial');
    client.socket.terminate();
    await viewer.next('speaker-left');
    expect(viewer.all('final').at(-1)).toMatchObject({ endpoint: 'flush' });
    viewer.close();
    await hasty.stop();
  });
});
