import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { Resampler } from '../client-sdk/audio/resampler.ts';
import type { CaptureChunk } from '../client-sdk/capture/chunk.ts';

const SOURCE = fileURLToPath(new URL('../client-sdk/worklet/capture-worklet.ts', import.meta.url));
const QUANTUM = 128;

let code: string;

beforeAll(async () => {
  const { outputFiles } = await build({ entryPoints: [SOURCE], bundle: true, format: 'iife', write: false });
  code = outputFiles[0]!.text;
});

/** Runs the bundled worklet as an audio thread would. @param channels as many samples each. */
function capture(contextRate: number, outputRate: number, ...channels: Float32Array[]): CaptureChunk[] {
  const chunks: CaptureChunk[] = [];
  const transferred: unknown[] = [];
  const postMessage = (chunk: CaptureChunk, transfer: unknown[]) => {
    chunks.push(chunk);
    transferred.push(...transfer);
  };
  const registered: (new (options: object) => { process(inputs: Float32Array[][]): boolean })[] = [];
  runInNewContext(code, {
    sampleRate: contextRate,
    AudioWorkletProcessor: class {
      port = { postMessage };
    },
    registerProcessor: (_: string, processor: (typeof registered)[number]) => registered.push(processor),
  });
  const processor = new registered[0]!({ processorOptions: { outputRate } });
  for (let at = 0; at < channels[0]!.length; at += QUANTUM) {
    expect(processor.process([channels.map((channel) => channel.subarray(at, at + QUANTUM))])).toBe(true);
  }
  expect(processor.process([[]])).toBe(true);
  expect(transferred).toEqual(chunks.map(({ pcm }) => pcm.buffer));

  return chunks;
}

function sine(samples: number, rate: number, amplitude = 0.5): Float32Array {
  return Float32Array.from(
    { length: samples },
    (_, i) => amplitude * Math.sin((2 * Math.PI * 440 * i) / rate),
  );
}

function join(chunks: readonly CaptureChunk[]): number[] {
  return chunks.flatMap(({ pcm }) => [...pcm]);
}

describe('The capture worklet', () => {
  it.each([44_100, 48_000, 32_000, 22_050])(
    'brings %i Hz to 16 kHz as the resampler does, in chunks of 100 ms',
    (rate) => {
      const input = sine(rate, rate);
      const chunks = capture(rate, 16_000, input);
      expect(new Set(chunks.map(({ pcm }) => pcm.length))).toEqual(new Set([1600]));
      const expected = [...new Resampler(rate).process(input)].map((sample) => Math.round(sample * 32_767));
      const posted = join(chunks);
      expect(posted.length).toBeGreaterThan(14_000);
      // Rounded to floats at other places.
      for (const [i, sample] of posted.entries())
        expect(Math.abs(sample - expected[i]!)).toBeLessThanOrEqual(1);
    },
  );

  it('passes audio on that has the rate already', () => {
    const input = sine(16_000, 16_000);
    expect(join(capture(16_000, 16_000, input))).toEqual([
      ...Int16Array.from(input, (sample) => Math.round(sample * 32_767)),
    ]);
  });

  it('mixes channels down, and measures what came in', () => {
    const loud = new Float32Array(4800).fill(1);
    const [first] = capture(
      48_000,
      48_000,
      loud,
      loud.map((sample, i) => (i % 2 ? sample : 0)),
    );
    expect(first).toMatchObject({ inputSamples: 4800, peak: 1 });
    expect(first!.clippedSamples).toBe(2400);
    expect([...first!.pcm.subarray(0, 4)]).toEqual([16_384, 32_767, 16_384, 32_767]);
  });
});
