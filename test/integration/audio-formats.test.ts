import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIO_ENCODINGS, type FinalMessage, MSGPACK_SUBPROTOCOL } from '../../client-sdk/protocol.ts';
import { type Clip, encode, join, noise, readClips, resample, silence } from '../support/audio.ts';
import type { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { openStream, speakBytes, wordErrorShare } from './speech.ts';

const RATES = [8000, 16_000, 22_050, 44_100, 48_000] as const;

/** Of voice detection, in 16-bit samples. */
const WINDOW_BYTES = 2 * 512;

let server: RunningServer;
let clips: readonly Clip[];
/** The shortest clips at each rate. */
let clipsAt: ReadonlyMap<number, readonly Float32Array<ArrayBuffer>[]>;

beforeAll(async () => {
  [server, clips] = await Promise.all([startRoundtable(), readClips()]);
  clipsAt = new Map(
    RATES.map((rate) => [rate, [clips[0]!, clips[2]!].map((clip) => resample(clip.samples, rate))]),
  );
});

afterAll(() => server.stop());

describe("A stream's audio format", () => {
  describe.each(AUDIO_ENCODINGS)('%s', (encoding) => {
    it.each(RATES)('at %i Hz comes back as the words that were said', async (sampleRate) => {
      const samples = clipsAt.get(sampleRate)![0]!;
      const options = { encoding, sampleRate, partials: false };
      const client = await speakBytes(server, encode(encoding, samples), options);
      expect(wordErrorShare(client, clips[0]!.reference)).toBeLessThanOrEqual(0.25);
      const { receivedMs, transcribedMs, silenceMs, droppedMs } = client.all('done')[0]!;
      expect(Math.abs(receivedMs - (samples.length * 1000) / sampleRate)).toBeLessThanOrEqual(1);
      expect(transcribedMs + silenceMs + droppedMs).toBe(receivedMs);
    });
  });

  it.each([
    [2, 'pcm_s16le', 48_000],
    [2, 'mulaw', 8000],
    [8, 'pcm_f32le', 16_000],
  ] as const)(
    'mixes %i interleaved channels of %s at %i Hz down to one',
    async (channels, encoding, sampleRate) => {
      const spoken = clipsAt.get(sampleRate)![0]!;
      // One half of the channels carries the speech; the others are silent.
      const silent = new Float32Array(spoken.length);
      const mix = Array.from({ length: channels }, (_, i) => (i % 2 === 0 ? spoken : silent));
      const client = await speakBytes(server, encode(encoding, ...mix), {
        channels,
        encoding,
        sampleRate,
        partials: false,
        chunkBytes: 65_536,
      });
      expect(wordErrorShare(client, clips[0]!.reference)).toBeLessThanOrEqual(0.25);
      const { receivedMs } = client.all('done')[0]!;
      expect(Math.abs(receivedMs - (spoken.length * 1000) / sampleRate)).toBeLessThanOrEqual(1);
    },
  );

  it('takes floats that lie across the word boundaries of a message', async () => {
    // In msgpack the bytes begin wherever the fields before them end.
    const client = await speakBytes(server, encode('pcm_f32le', clips[0]!.samples), {
      encoding: 'pcm_f32le',
      subprotocol: MSGPACK_SUBPROTOCOL,
      chunkBytes: 4 * 333,
      partials: false,
    });
    expect(wordErrorShare(client, clips[0]!.reference)).toBeLessThanOrEqual(0.25);
  });

  it('takes floats that are no numbers or out of range for silence and full scale', async () => {
    const samples = Float32Array.from(
      silence(2000),
      (_, i) => [Number.NaN, 1e30, Number.NEGATIVE_INFINITY][i % 3]!,
    );
    const client = await speakBytes(server, encode('pcm_f32le', samples), { encoding: 'pcm_f32le' });
    const { receivedMs, transcribedMs, silenceMs, droppedMs } = client.all('done')[0]!;
    expect(receivedMs).toBe(2000);
    expect(transcribedMs + silenceMs + droppedMs).toBe(2000);
  });
});

describe('The size of audio messages', () => {
  /** Loud enough for the energy gate to stay open. */
  const murmur = (ms: number) => noise(ms, 0.003);
  const spokenAmong = (pause: (ms: number) => Float32Array) =>
    join(pause(700), clips[0]!.samples, pause(1500), clips[2]!.samples, pause(1500));

  it.each([
    [1, 'pcm_s16le'],
    [160, 'pcm_s16le'],
    [511, 'pcm_s16le'],
    [8000, 'pcm_s16le'],
    [1, 'alaw'],
    [50_000, 'alaw'],
  ] as const)('leaves no trace in the finals when it is %i samples of %s', async (chunkSamples, encoding) => {
    const audio = encode(encoding, spokenAmong(murmur));
    const options = { encoding, partials: false };
    const [whole, pieces] = await Promise.all([
      speakBytes(server, audio, options),
      speakBytes(server, audio, { ...options, chunkBytes: chunkSamples * (encoding === 'alaw' ? 1 : 2) }),
    ]);
    expect(finalsOf(pieces!)).toEqual(finalsOf(whole!));
    expect(finalsOf(whole!)).toHaveLength(2);
  });

  it('leaves no trace in the finals at a rate that is resampled', async () => {
    const audio = encode('pcm_s16le', resample(join(clips[0]!.samples, murmur(1000)), 22_050));
    const options = { sampleRate: 22_050, partials: false };
    const [whole, pieces] = await Promise.all([
      speakBytes(server, audio, options),
      speakBytes(server, audio, { ...options, chunkBytes: 2 * 441 }),
    ]);
    expect(finalsOf(pieces!)).toEqual(finalsOf(whole!));
    expect(pieces!.all('done')[0]!.receivedMs).toBe(whole!.all('done')[0]!.receivedMs);
  });

  it('leaves no trace in the finals when the microphone is muted in the pauses', async () => {
    const audio = encode('pcm_s16le', spokenAmong(silence));
    const whole = await speakBytes(server, audio, { partials: false });
    const client = await openStream(server, { partials: false });
    // One window after the other, each through voice detection before the next.
    for (let at = 0; at < audio.length; at += WINDOW_BYTES) {
      client.sendAudio(audio.subarray(at, at + WINDOW_BYTES));
      if (client.all('speech-started').length === client.all('final').length) await client.passMarker(at);
    }
    client.send({ type: 'stop' });
    await client.closed;
    expect(finalsOf(client)).toEqual(finalsOf(whole));
  });
});

function finalsOf(client: RawClient): Pick<FinalMessage, 'text' | 'startMs' | 'endMs' | 'endpoint'>[] {
  return client
    .all('final')
    .map(({ text, startMs, endMs, endpoint }) => ({ text, startMs, endMs, endpoint }));
}
