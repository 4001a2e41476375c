import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ATTENTION_STEP } from '../../inference/moonshine/dimensions.ts';
import type { MoonshineFiles } from '../../inference/moonshine/moonshine-files.ts';
import { frameCount, padded } from '../../inference/moonshine/padding.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { sessionOptions } from '../../inference/session-options.ts';
import type { Engine } from './engines.ts';
import { measureMultiplyAdds, measureReadBandwidth } from './machine-peaks.ts';
import { countEncoderWork, multiplyAdds, weightBytes } from './model-work.ts';
import { audioSeconds, type SpokenClip } from './spoken-clips.ts';

/** Larger than any cache. */
const MEMORY_BYTES = 512 * 2 ** 20;

/** What the two graphs take, beside what this machine could not do them faster than. */
export interface Floors {
  readonly multiplyAddsPerSecond: number;
  /** Bytes a second, out of memory. */
  readonly memoryBandwidth: number;
  /** Bytes a second, out of an array that is as large as what a pass of the decoder reads, again and again. */
  readonly cachedBandwidth: number;
  /** For a second of audio, in ms. */
  readonly encoder: { readonly measuredMs: number; readonly floorMs: number; readonly multiplyAdds: number };
  /** For a pass, in ms. */
  readonly decoder: {
    readonly measuredMs: number;
    readonly floorMs: number;
    readonly cachedFloorMs: number;
    readonly bytes: number;
  };
}

/** Times encoder and decoder of this engine, one clip at a time, and works out their floors. */
export async function measureFloors(
  clips: readonly SpokenClip[],
  own: Engine,
  rebuilt: MoonshineFiles,
  shipped: MoonshineFiles,
): Promise<Floors> {
  const encoder = await InferenceSession.create(rebuilt.encoder, sessionOptions('cpu'));
  await encode(encoder, clips[0]!.audio);
  const sums = { encoderMs: 0, decoderMs: 0, passes: 0, speechBytes: 0 };
  for (const clip of clips) {
    const { ms: encoderMs, bytes } = await encode(encoder, clip.audio);
    const { ms, passes } = await own.decode([clip]);
    sums.encoderMs += encoderMs;
    sums.decoderMs += ms - encoderMs;
    sums.passes += passes ?? 0;
    sums.speechBytes += bytes * (passes ?? 0);
  }
  await encoder.release();
  const work = countEncoderWork(await readFile(shipped.encoder), await readFile(shipped.decoder));
  const needed = clips.reduce((sum, { audio }) => sum + multiplyAdds(work, audio.length / SAMPLE_RATE), 0);
  const bytes = weightBytes(await readFile(rebuilt.decoder)) + sums.speechBytes / sums.passes;
  const multiplyAddsPerSecond = await measureMultiplyAdds();
  const memoryBandwidth = measureReadBandwidth(MEMORY_BYTES);
  const cachedBandwidth = measureReadBandwidth(Math.round(bytes));
  const seconds = audioSeconds(clips);

  return {
    multiplyAddsPerSecond,
    memoryBandwidth,
    cachedBandwidth,
    encoder: {
      measuredMs: sums.encoderMs / seconds,
      floorMs: (1000 * needed) / multiplyAddsPerSecond / seconds,
      multiplyAdds: needed / seconds,
    },
    decoder: {
      measuredMs: sums.decoderMs / sums.passes,
      floorMs: (1000 * bytes) / memoryBandwidth,
      cachedFloorMs: (1000 * bytes) / cachedBandwidth,
      bytes,
    },
  };
}

/** @returns what it took, and the size of the keys and values that every pass of the decoder reads. */
async function encode(
  encoder: InferenceSession,
  audio: Float32Array,
): Promise<{ readonly ms: number; readonly bytes: number }> {
  const samples = padded(audio);
  const frames = Math.ceil(frameCount(samples.length) / ATTENTION_STEP) * ATTENTION_STEP;
  const feeds = {
    samples: new Tensor('float32', samples, [1, samples.length]),
    padded_frames: new Tensor('int64', BigInt64Array.of(BigInt(frames)), [1]),
  };
  const startedAt = performance.now();
  const speech = await encoder.run(feeds);
  const ms = performance.now() - startedAt;
  const tensors = Object.entries(speech).filter(([name]) => name.startsWith('cross_'));

  return { ms, bytes: tensors.reduce((sum, [, { data }]) => sum + (data as Float32Array).byteLength, 0) };
}
