import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peerCommand, type ServerProcess, startServerProcess } from '../bench/load/server-process.ts';
import { SherpaStream } from '../bench/peers/sherpa-stream.ts';
import { WINDOW_SAMPLES } from '../inference/vad.ts';
import { wordErrorShare } from './integration/speech.ts';
import { type Clip, encode, readClips, silence } from './support/audio.ts';
import { RawClient } from './support/raw-client.ts';

/** Hears speech in windows of ones, and ends a segment at the first other window. */
class OnesDetector {
  readonly #segments: { readonly start: number; readonly samples: Float32Array }[] = [];
  #position = 0;
  #start: number | null = null;

  acceptWaveform(samples: Float32Array): void {
    if (samples[0] === 1) this.#start ??= this.#position;
    else this.flush();
    this.#position += samples.length;
  }

  isEmpty = () => this.#segments.length === 0;
  isDetected = () => this.#start !== null;
  front = () => this.#segments[0]!;
  pop = () => void this.#segments.shift();

  flush(): void {
    if (this.#start === null) return;
    this.#segments.push({
      start: this.#start,
      samples: new Float32Array(this.#position - this.#start).fill(1),
    });
    this.#start = null;
  }
}

/** 100 ms of 16-bit audio. */
const STEP_BYTES = 3200;

const windows = (count: number, value: number) => new Float32Array(count * WINDOW_SAMPLES).fill(value);

describe("The peer's stream", () => {
  it('is due a partial an interval after speech began, of all audio since a little before', () => {
    const stream = new SherpaStream(new OnesDetector(), 320);
    stream.accept(windows(50, 0), 0);
    stream.accept(windows(10, 1), 1000);
    expect(stream.isPartialDue(1319)).toBe(false);
    stream.accept(windows(1, 1), 1320);
    expect(stream.isPartialDue(1320)).toBe(true);
    expect(stream.takePartial(1320)).toEqual({
      startSample: 40 * WINDOW_SAMPLES,
      samples: Float32Array.of(...windows(10, 0), ...windows(11, 1)),
    });
    expect(stream.isPartialDue(1639)).toBe(false);
    expect(stream.isPartialDue(1640)).toBe(true);
  });

  it('has a final when speech has ended, and then nothing more to keep', () => {
    const stream = new SherpaStream(new OnesDetector(), 320);
    stream.accept(windows(20, 0), 0);
    stream.accept(windows(30, 1), 0);
    expect(stream.settledSample).toBeLessThanOrEqual(20 * WINDOW_SAMPLES);
    stream.accept(windows(1, 0), 0);
    expect(stream.isPartialDue(320)).toBe(false);
    expect(stream.takeFinal()).toEqual({ startSample: 20 * WINDOW_SAMPLES, samples: windows(30, 1) });
    stream.accept(windows(20, 0), 0);
    expect(stream.settledSample).toBe(61 * WINDOW_SAMPLES);
    expect(stream.takeFinal()).toBeUndefined();
  });

  it('finds the same however the audio is cut into messages', () => {
    const audio = Float32Array.of(...windows(5, 0), ...windows(7, 1), ...windows(3, 0));
    const stream = new SherpaStream(new OnesDetector(), 320);
    for (let at = 0; at < audio.length; at += 333) stream.accept(audio.subarray(at, at + 333), at);
    expect(stream.takeFinal()).toEqual({ startSample: 5 * WINDOW_SAMPLES, samples: windows(7, 1) });
  });
});

describe('The peer server', () => {
  let server: ServerProcess;
  let clips: readonly Clip[];

  beforeAll(async () => {
    [server, clips] = await Promise.all([startServerProcess(peerCommand()), readClips()]);
  });

  afterAll(() => server.stop());

  it('captions what several streams say, in the messages of this server', async () => {
    const speak = async ({ samples, reference }: Clip) => {
      const client = await RawClient.connect(`${server.socketUrl}/v1/stream`);
      const ready = await client.start({ meeting: 'standup', speaker: 'Ada' });
      client.sendAudio(encode('pcm_s16le', samples));
      client.sendAudio(encode('pcm_s16le', silence(1200)));
      await client.next('final');
      client.send({ type: 'stop' });
      expect(await client.closed).toMatchObject({ code: 1000 });
      expect(wordErrorShare(client, reference)).toBeLessThanOrEqual(0.25);
      const final = client.all('final')[0]!;
      expect(final).toMatchObject({ meeting: 'standup', speaker: 'Ada', streamId: ready.streamId });
      expect(final.endMs).toBeLessThan((samples.length + 16_000) / 16);
      const { receivedMs, transcribedMs, silenceMs } = client.all('done')[0]!;
      expect(receivedMs).toBe(Math.round(samples.length / 16 + 1200));
      expect(transcribedMs + silenceMs).toBe(receivedMs);
    };
    await Promise.all([clips[0]!, clips[1]!, clips[3]!].map(speak));
  });

  it('sends partials while somebody speaks', async () => {
    const client = await RawClient.connect(`${server.socketUrl}/v1/stream`);
    await client.start();
    const audio = encode('pcm_s16le', clips[1]!.samples);
    // As it is spoken: partials go by the clock on the wall.
    for (let at = 0; client.all('partial').length === 0; at += STEP_BYTES) {
      client.sendBytes(audio.subarray(at, at + STEP_BYTES));
      await setTimeout(STEP_BYTES / 32);
    }
    const { text, captionId } = client.all('partial')[0]!;
    expect(text).not.toBe('');
    client.send({ type: 'stop' });
    await client.closed;
    expect(client.all('final')[0]).toMatchObject({ captionId, endpoint: 'flush' });
  });
});
