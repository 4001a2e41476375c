import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaptionMessage } from '../../client-sdk/protocol.ts';
import { type Clip, encode, join, readClips, silence } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { openStream, watchOverBystander } from './speech.ts';

const MAX_OUTPUT_BYTES = 2_097_152;
const FLAGS = [
  ...['--max-output-bytes', String(MAX_OUTPUT_BYTES), '--dead-peer-ms', '8000'],
  // Who is given up is to be seen to leave.
  ...['--resume-window-ms', '0'],
];
/** Share of it in the socket from which on messages are held. */
const SOCKET_BYTES = MAX_OUTPUT_BYTES / 4;
const MAX_PING_BYTES = 125;
/** Longest that the server waits for a peer given 8 s: it counts in steps of 4 s. */
const DEAD_PEER_MS = 12_000;

let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  [server, clips] = await Promise.all([startRoundtable(FLAGS), readClips()]);
});

afterAll(() => server.stop());

watchOverBystander(
  () => server,
  () => clips[3]!,
  'file',
);

async function metric(name: string): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const value = metrics.split('\n').find((line) => line.startsWith(`roundtable_${name} `));

  return Number(value?.split(' ')[1]);
}

async function watch(meeting: string): Promise<RawClient> {
  const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/${meeting}/captions`);
  await viewer.next('watching');

  return viewer;
}

/** Has a client that reads nothing sent so many answers to pings that its connection takes no more. */
async function fillBuffers({ socket }: RawClient): Promise<void> {
  const payload = Buffer.alloc(MAX_PING_BYTES);
  while ((await metric('output_buffered_bytes')) <= SOCKET_BYTES) {
    for (let i = 0; i < 1000; i++) socket.ping(payload);
    await new Promise((resolve) => socket.ping(payload, true, resolve));
  }
}

/** Each question is answered by an error of some hundred bytes. */
async function ask(client: RawClient, questions: number): Promise<void> {
  const nothing = new Uint8Array();
  for (let i = 0; i < questions; i++) {
    client.sendAudio(nothing);
    // Others live in this process too, and have to get a word in.
    if (i % 1000 === 999) await setImmediate();
  }
}

function captionsOf(client: RawClient): CaptionMessage[] {
  return client.messages.filter((message) => message.type === 'partial' || message.type === 'final');
}

/** As fast as the server keeps up with, to the end. Each marker has the caption so far decoded, and shown. */
async function speakOn(speaker: RawClient, samples: Float32Array): Promise<void> {
  const step = 4000;
  for (let at = 0; at < samples.length; at += step) {
    speaker.sendAudio(encode('pcm_s16le', samples.subarray(at, at + step)));
    await speaker.passMarker(at);
  }
  speaker.send({ type: 'stop' });
  await speaker.closed;
}

describe('A viewer that stops reading during a long speech and then reads on', () => {
  let attentive: RawClient;
  let slow: RawClient;
  let heldBytes: number;
  let held: number;

  beforeAll(async () => {
    [attentive, slow] = await Promise.all([watch('long'), watch('long')]);
    slow.socket.pause();
    await fillBuffers(slow);
    const speaker = await openStream(server, { meeting: 'long' });
    await speakOn(speaker, join(...clips.flatMap(({ samples }) => [samples, silence(1200)])));
    await attentive.next('speaker-left');
    [heldBytes, held] = await Promise.all([metric('output_buffered_bytes'), metric('held_messages')]);
    slow.socket.resume();
    await slow.next('speaker-left');
    for (const viewer of [attentive, slow]) viewer.close();
  });

  it('gets every final and all else that counts, in order', () => {
    const lasting = (client: RawClient) => client.messages.filter(({ type }) => type !== 'partial');
    expect(attentive.all('final').length).toBeGreaterThanOrEqual(clips.length);
    expect(lasting(slow)).toEqual(lasting(attentive));
  });

  it('gets no partial behind the final of its caption, and hardly any at all', async () => {
    const partials = attentive.all('partial').length;
    expect(partials).toBeGreaterThanOrEqual(10);
    expect(slow.all('partial').length).toBeLessThan(partials / 4);
    expect(await metric('superseded_partials_total')).toBe(partials - slow.all('partial').length);
    const ended = new Set<string>();
    for (const { type, captionId } of captionsOf(slow)) {
      expect(ended).not.toContain(captionId);
      if (type === 'final') ended.add(captionId);
    }
  });

  it('costs the server no more than it is allowed', async () => {
    expect(held).toBeGreaterThanOrEqual(attentive.all('final').length);
    expect(heldBytes).toBeGreaterThan(SOCKET_BYTES);
    expect(heldBytes).toBeLessThanOrEqual(MAX_OUTPUT_BYTES);
    expect(await metric('held_messages')).toBe(0);
  });
});

describe('A stream that reads nothing of what it asks for', () => {
  it('gets all that was held, and the close behind it, when it stops and reads on', async () => {
    const client = await openStream(server);
    client.socket.pause();
    await fillBuffers(client);
    await ask(client, 100);
    while ((await metric('held_messages')) < 100) await setImmediate();
    client.send({ type: 'stop' });
    while ((await metric('held_messages')) > 0) await setImmediate();
    client.socket.resume();
    expect(await client.closed).toEqual({ code: 1000, reason: 'done' });
    expect(client.all('error')).toHaveLength(100);
    expect(client.messages.at(-1)!.type).toBe('done');
  });

  it('is slow-consumer, told by the close alone, when more is held than is allowed', async () => {
    const client = await openStream(server);
    client.socket.pause();
    // No more than it takes: a client that reads nothing for long after is given up, and reads no close either.
    while ((await metric('errors_total{code="slow-consumer"}')) === 0) await ask(client, 1000);
    client.socket.resume();
    expect(await client.closed).toEqual({ code: 4408, reason: 'slow-consumer' });
  });
});

/** More than is read slowly. */
const QUESTIONS = 25_000;

/** Reads what one system call yields, 64 KiB at most, every half second, for longer than a peer is waited for. */
async function readSlowly({ socket }: RawClient): Promise<void> {
  const pause = () => socket.pause();
  socket.on('message', pause);
  for (let ms = 0; ms < DEAD_PEER_MS + 4000; ms += 500) {
    await setTimeout(500);
    socket.resume();
  }
  socket.off('message', pause);
  socket.resume();
}

describe.concurrent('A client', () => {
  it('that reads slowly for longer than a peer is waited for is not given up', async () => {
    const client = await openStream(server);
    client.socket.pause();
    await ask(client, QUESTIONS);
    await readSlowly(client);
    expect(client.all('error').length).toBeLessThan(QUESTIONS);
    // A connection given up would end behind what was on the way.
    await client.passMarker(1);
    expect(client.all('error')).toHaveLength(QUESTIONS);
    client.close();
  });

  it('that neither reads nor answers is given up, while a silent one that answers stays', async () => {
    const viewer = await watch('frozen');
    const frozen = await openStream(server, { meeting: 'frozen' });
    frozen.socket.pause();
    await viewer.next('speaker-left');
    expect(viewer.messages.map(({ type }) => type)).toEqual(['watching', 'speaker-left']);
    viewer.close();
    frozen.socket.terminate();
  });
});
