import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clip, encode, join, readClips, silence } from '../support/audio.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { openStream, speak, textOf, wordErrorShare } from './speech.ts';

let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  [server, clips] = await Promise.all([startRoundtable(), readClips()]);
});

afterAll(() => server.stop());

describe('A marker', () => {
  it('comes back after the caption of the speech before it, though the speaker goes on', async () => {
    const client = await openStream(server);
    const { samples, reference } = clips[0]!;
    client.sendAudio(encode('pcm_s16le', samples));
    await client.passMarker(7);
    const captions = client.all('partial');
    // Everything said is in the newest partial: nothing has ended the segment.
    expect(client.all('final')).toEqual([]);
    expect(captions.at(-1)!.endMs).toBe(Math.round(samples.length / 16));
    expect(client.messages.at(-1)).toEqual({ type: 'marker', id: 7 });
    client.send({ type: 'stop' });
    await client.closed;
    expect(wordErrorShare(client, reference)).toBeLessThanOrEqual(0.25);
  });

  it('comes back after the finals before it', async () => {
    const client = await openStream(server);
    client.sendAudio(encode('pcm_s16le', join(clips[0]!.samples, silence(1000))));
    await client.passMarker(1);
    expect(client.all('final')).toHaveLength(1);
    client.close();
  });

  it('comes back at once when nothing has been sent, and in silence', async () => {
    const client = await openStream(server);
    await client.passMarker(0);
    client.sendAudio(encode('pcm_s16le', silence(500)));
    await client.passMarker(Number.MAX_SAFE_INTEGER);
    expect(client.all('marker')).toEqual([
      { type: 'marker', id: 0 },
      { type: 'marker', id: Number.MAX_SAFE_INTEGER },
    ]);
    client.close();
  });

  it('keeps its place among others, with the same id or without', async () => {
    const client = await openStream(server);
    const audio = encode('pcm_s16le', clips[1]!.samples);
    const ids = [5, 5, 3, 9, 0];
    for (const [i, id] of ids.entries()) {
      client.sendAudio(audio.subarray(i * 16_000, (i + 1) * 16_000));
      client.send({ type: 'marker', id });
    }
    client.send({ type: 'stop' });
    await client.closed;
    expect(client.all('marker').map(({ id }) => id)).toEqual(ids);
    expect(client.messages.at(-1)!.type).toBe('done');
  });

  it('changes nothing about where captions begin and end', async () => {
    const samples = join(clips[0]!.samples, silence(1000), clips[2]!.samples);
    const plain = await speak(server, samples);
    const client = await openStream(server);
    const audio = encode('pcm_s16le', samples);
    for (let at = 0; at < audio.length; at += 12_346) {
      client.sendAudio(audio.subarray(at, at + 12_346));
      await client.passMarker(at);
    }
    client.send({ type: 'stop' });
    await client.closed;
    const places = (subject: typeof client) =>
      subject.all('final').map(({ text, startMs, endMs }) => ({ text, startMs, endMs }));
    expect(places(client)).toEqual(places(plain));
  });

  it('is answered before done when the stream stops right after it', async () => {
    const client = await openStream(server);
    client.sendAudio(encode('pcm_s16le', clips[2]!.samples));
    client.send({ type: 'marker', id: 1 });
    client.send({ type: 'stop' });
    await client.closed;
    const types = client.messages.map(({ type }) => type);
    expect(types.indexOf('marker')).toBeGreaterThan(0);
    expect(types.indexOf('marker')).toBeLessThan(types.indexOf('done'));
  });
});

describe('A flush', () => {
  it('ends the caption there, and the stream goes on to the next', async () => {
    const client = await openStream(server);
    for (const { samples } of [clips[0]!, clips[3]!]) {
      client.sendAudio(encode('pcm_s16le', samples));
      client.send({ type: 'flush' });
    }
    await client.until(() => client.all('final').length === 2);
    client.send({ type: 'stop' });
    await client.closed;
    expect(client.all('final').map(({ endpoint, segmentId }) => ({ endpoint, segmentId }))).toEqual([
      { endpoint: 'flush', segmentId: 0 },
      { endpoint: 'flush', segmentId: 1 },
    ]);
    const [first, second] = client.all('final');
    expect(second!.startMs).toBeGreaterThanOrEqual(first!.endMs);
    expect(wordErrorShare(client, `${clips[0]!.reference} ${clips[3]!.reference}`)).toBeLessThanOrEqual(0.25);
  });

  it('does nothing in silence, however often', async () => {
    const client = await openStream(server);
    client.send({ type: 'flush' });
    client.sendAudio(encode('pcm_s16le', silence(333)));
    client.send({ type: 'flush' });
    client.send({ type: 'flush' });
    await client.passMarker(1);
    client.sendAudio(encode('pcm_s16le', clips[3]!.samples));
    client.send({ type: 'stop' });
    await client.closed;
    expect(wordErrorShare(client, clips[3]!.reference)).toBeLessThanOrEqual(0.25);
    expect(client.all('done')[0]!.captions).toBe(1);
  });
});

describe('The endpointing a stream asks for', () => {
  const twice = () => join(clips[0]!.samples, silence(300), clips[2]!.samples, silence(300));

  it('decides how much silence ends a caption', async () => {
    const finals = async (minSilenceMs: number) => {
      const client = await speak(server, twice(), { partials: false, endpointing: { minSilenceMs } });

      return client.all('final').length;
    };
    expect(await finals(2000)).toBe(1);
    expect(await finals(200)).toBeGreaterThanOrEqual(2);
  });

  it('cuts a caption at the longest length, losing no words', async () => {
    const samples = join(clips[0]!.samples, clips[1]!.samples, clips[3]!.samples);
    const client = await speak(server, samples, {
      partials: false,
      endpointing: { maxSegmentMs: 3000, minSilenceMs: 2000 },
    });
    const finals = client.all('final');
    expect(finals.some(({ endpoint }) => endpoint === 'max-duration')).toBe(true);
    for (const [i, { startMs, endMs }] of finals.entries()) {
      expect(endMs - startMs).toBeLessThanOrEqual(3000 + 32);
      if (i > 0) expect(startMs).toBeGreaterThanOrEqual(finals[i - 1]!.endMs);
    }
    const reference = [clips[0]!, clips[1]!, clips[3]!].map((clip) => clip.reference).join(' ');
    // A cut may fall into a word.
    expect(wordErrorShare(client, reference)).toBeLessThanOrEqual(0.4);
  });

  it('decides how often partials are taken', async () => {
    const lastRevision = async (partialIntervalMs: number) => {
      const client = await speak(server, clips[1]!.samples, { endpointing: { partialIntervalMs } });

      return client.all('final')[0]!.revision;
    };
    // 3.9 s of speech: a revision may be overtaken before it is sent, but it counts.
    expect(await lastRevision(2000)).toBeLessThanOrEqual(4);
    expect(await lastRevision(200)).toBeGreaterThanOrEqual(12);
  });

  it('decides how sure the detector has to be that somebody speaks', async () => {
    const faint = clips[3]!.samples.map((sample) => sample / 50);
    const heardMs = async (startThreshold: number) => {
      const client = await speak(server, faint, { partials: false, endpointing: { startThreshold } });

      return client.all('done')[0]!.transcribedMs;
    };
    expect(await heardMs(0.95)).toBeLessThan(await heardMs(0.1));
  });

  it('leaves what is not asked for as the server has it', async () => {
    const [empty, none] = await Promise.all([
      speak(server, clips[0]!.samples, { partials: false, endpointing: {} }),
      speak(server, clips[0]!.samples, { partials: false }),
    ]);
    expect(textOf(empty!)).toBe(textOf(none!));
  });
});
