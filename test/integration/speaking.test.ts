import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countWordErrors, wordErrorRate } from '../../bench/word-error-rate.ts';
import {
  type FinalMessage,
  JSON_SUBPROTOCOL,
  MSGPACK_SUBPROTOCOL,
  type PartialMessage,
} from '../../client-sdk/protocol.ts';
import { type Clip, encode, join, noise, readClips, silence } from '../support/audio.ts';
import type { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { openStream, speak, textOf, wordErrorShare } from './speech.ts';

let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  [server, clips] = await Promise.all([startRoundtable(), readClips()]);
});

afterAll(() => server.stop());

describe("A speaker's stream", () => {
  it.each([
    ['the JSON subprotocol', JSON_SUBPROTOCOL],
    ['the msgpack subprotocol', MSGPACK_SUBPROTOCOL],
    ['no subprotocol', undefined],
  ])('comes back as the words that were said, with %s', async (_, subprotocol) => {
    const subject = await Promise.all(
      clips.map(({ samples }) =>
        speak(server, samples, { partials: false, ...(subprotocol !== undefined && { subprotocol }) }),
      ),
    );
    const errors = subject.map((client, i) => countWordErrors(clips[i]!.reference, textOf(client)));
    expect(wordErrorRate(errors)).toBeLessThanOrEqual(25);
    for (const client of subject) expect(client.socket.protocol).toBe(subprotocol ?? '');
  });

  it('says the same in both encodings', async () => {
    const { samples } = clips[0]!;
    const [json, msgpack] = await Promise.all(
      [JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL].map((subprotocol) =>
        speak(server, samples, { subprotocol, partials: false, meeting: 'm', speaker: 'Ada' }),
      ),
    );
    expect(anonymous(msgpack!)).toEqual(anonymous(json!));
  });

  it('has partials with rising revisions, then one final with the same caption id', async () => {
    const { samples, reference } = clips[3]!;
    const client = await openStream(server);
    await sendInSteps(client, samples, 640);
    client.send({ type: 'stop' });
    await client.closed;

    const captions = client.messages.filter(isCaption);
    const partials = captions.slice(0, -1);
    const final = captions.at(-1)!;
    expect(partials.length).toBeGreaterThanOrEqual(3);
    expect(partials.map(({ type }) => type)).toEqual(partials.map(() => 'partial'));
    expect(final.type).toBe('final');
    expect(new Set(captions.map(({ captionId }) => captionId))).toEqual(new Set([final.captionId]));
    for (const [i, { revision }] of captions.entries()) {
      // The pause's snapshot and the final may be one revision.
      if (i > 0)
        expect(revision - captions[i - 1]!.revision).toBeGreaterThanOrEqual(i < partials.length ? 1 : 0);
    }
    expect(wordErrorShare(client, reference)).toBeLessThanOrEqual(0.25);
  });

  it('grows each partial over the one before, and keeps what it called stable within its text', async () => {
    const client = await openStream(server);
    await sendInSteps(client, clips[1]!.samples, 640);
    client.send({ type: 'stop' });
    await client.closed;
    const partials = client.all('partial');
    for (const [i, { startMs, endMs, stableChars, text }] of partials.entries()) {
      expect(endMs).toBeGreaterThan(i === 0 ? startMs : partials[i - 1]!.endMs);
      expect(startMs).toBe(partials[0]!.startMs);
      expect(stableChars).toBeLessThanOrEqual(text.length);
    }
    expect(partials.some(({ stableChars }) => stableChars > 0)).toBe(true);
  });

  it('announces each segment before its first caption', async () => {
    const client = await speak(server, join(clips[0]!.samples, silence(1000), clips[2]!.samples));
    expect(client.all('speech-started').map(({ segmentId }) => segmentId)).toEqual([0, 1]);
    for (const { segmentId, atMs } of client.all('speech-started')) {
      const [first] = client.messages.filter((m) => isCaption(m) && m.segmentId === segmentId);
      expect(first).toMatchObject({ startMs: atMs });
      const started = client.messages.findIndex(
        (m) => m.type === 'speech-started' && m.segmentId === segmentId,
      );
      expect(client.messages.indexOf(first!)).toBeGreaterThan(started);
    }
  });

  it('never touches a caption again once it is final', async () => {
    const client = await openStream(server);
    for (const { samples } of clips.slice(0, 3)) await sendInSteps(client, join(samples, silence(1000)), 960);
    client.send({ type: 'stop' });
    await client.closed;
    const finished = new Set<string>();
    for (const message of client.messages.filter(isCaption)) {
      expect(finished).not.toContain(message.captionId);
      if (message.type === 'final') finished.add(message.captionId);
    }
    expect(finished.size).toBe(client.all('done')[0]!.captions);
    expect(finished.size).toBeGreaterThanOrEqual(3);
  });

  it('sends no partials when none are wanted, not even for a marker', async () => {
    const client = await openStream(server, { partials: false });
    await sendInSteps(client, clips[0]!.samples, 640);
    client.send({ type: 'stop' });
    await client.closed;
    expect(client.all('partial')).toEqual([]);
    expect(client.all('final')).toHaveLength(1);
  });

  it('accounts for every millisecond sent', async () => {
    const samples = join(
      silence(1500),
      clips[0]!.samples,
      silence(2000),
      clips[1]!.samples,
      noise(777, 0.001),
    );
    const client = await speak(server, samples, { partials: false });
    const { receivedMs, transcribedMs, silenceMs, droppedMs } = client.all('done')[0]!;
    expect(receivedMs).toBe(Math.round(samples.length / 16));
    expect(transcribedMs + silenceMs + droppedMs).toBe(receivedMs);
    expect(droppedMs).toBe(0);
    const spoken = client.all('final').reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    expect(transcribedMs).toBe(spoken);
    expect(silenceMs).toBeGreaterThanOrEqual(2000);
  });

  it('acknowledges further and further, at last everything', async () => {
    const samples = join(...clips.map((clip) => join(clip.samples, silence(1000))));
    const client = await speak(server, samples, { partials: false });
    const acknowledged = client.all('ack').map(({ acknowledgedMs }) => acknowledgedMs);
    expect(acknowledged.length).toBeGreaterThanOrEqual(2);
    expect(acknowledged).toEqual([...new Set(acknowledged)].sort((a, b) => a - b));
    expect(acknowledged.at(-1)).toBe(client.all('done')[0]!.receivedMs);
    expect(client.messages.slice(-2).map(({ type }) => type)).toEqual(['ack', 'done']);
  });

  it('acknowledges nothing that is not final', async () => {
    const client = await speak(server, join(...clips.map((clip) => join(clip.samples, silence(900)))));
    let acknowledgedMs = 0;
    for (const message of client.messages) {
      if (message.type === 'ack') acknowledgedMs = message.acknowledgedMs;
      if (isCaption(message)) expect(message.startMs).toBeGreaterThanOrEqual(acknowledgedMs);
    }
  });

  it('keeps its words to itself while another one is spoken', async () => {
    const pair = [clips[1]!, clips[3]!];
    const clients = await Promise.all(pair.map(() => openStream(server)));
    const audio = pair.map(({ samples }) => encode('pcm_s16le', samples));
    for (let at = 0; at < Math.max(...audio.map(({ length }) => length)); at += 3200) {
      for (const [i, client] of clients.entries()) {
        if (at < audio[i]!.length) client.sendAudio(audio[i]!.subarray(at, at + 3200));
      }
    }
    for (const client of clients) client.send({ type: 'stop' });
    await Promise.all(clients.map((client) => client.closed));
    for (const [i, client] of clients.entries()) {
      expect(wordErrorShare(client, pair[i]!.reference)).toBeLessThanOrEqual(0.25);
      const { streamId } = client.all('ready')[0]!;
      for (const caption of client.messages.filter(isCaption)) expect(caption.streamId).toBe(streamId);
    }
  });

  it.each([
    ['digital silence', () => silence(4000)],
    ['faint noise', () => noise(4000, 0.002)],
  ])('finds no captions in %s', async (_, makeSamples) => {
    const client = await speak(server, makeSamples());
    expect(client.messages.filter(({ type }) => type !== 'ack').map(({ type }) => type)).toEqual([
      'ready',
      'done',
    ]);
    expect(client.all('done')[0]).toMatchObject({ captions: 0, receivedMs: 4000, silenceMs: 4000 });
  });

  it('ends with empty books when it is stopped before any audio', async () => {
    const client = await speak(server, new Float32Array());
    expect(client.all('done')[0]).toMatchObject({
      captions: 0,
      receivedMs: 0,
      transcribedMs: 0,
      silenceMs: 0,
    });
  });
});

/** Audio in steps, each through a marker, so that partials are decoded one by one. */
async function sendInSteps(client: RawClient, samples: Float32Array, stepMs: number): Promise<void> {
  const step = stepMs * 16;
  const passed = client.all('marker').length;
  for (let at = 0; at < samples.length; at += step) {
    client.sendAudio(encode('pcm_s16le', samples.subarray(at, at + step)));
    await client.passMarker(passed + at / step);
  }
}

function isCaption(message: { readonly type: string }): message is PartialMessage | FinalMessage {
  return message.type === 'partial' || message.type === 'final';
}

/** Messages without what differs from one stream to the next. */
function anonymous(client: RawClient): object[] {
  return client.messages
    .filter(({ type }) => type !== 'ack')
    .map((message) => ({ ...message, streamId: '', captionId: '', resumeToken: '', spokenAtMs: 0 }));
}
