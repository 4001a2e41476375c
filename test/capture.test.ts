import { describe, expect, it } from 'vitest';
import { CaptureError, toCaptureError } from '../client-sdk/capture/capture-error.ts';
import type { CaptureChunk } from '../client-sdk/capture/chunk.ts';
import { Diagnosis } from '../client-sdk/capture/diagnosis.ts';
import { levelOf } from '../client-sdk/capture/level.ts';

const CHUNK_MS = 100;

/** 100 ms of a sine, as the worklet posts it. */
function chunk(amplitude: number, atMs: number, more: Partial<CaptureChunk> = {}): CaptureChunk {
  const pcm = Int16Array.from({ length: 1600 }, (_, i) => Math.round(amplitude * 32_767 * Math.sin(i / 3)));

  return { pcm, inputSamples: 4800, peak: amplitude, clippedSamples: 0, atMs, ...more };
}

/** What is found in audio of one kind, and after how many milliseconds. */
function diagnose(ms: number, amplitude: number, more: (atMs: number) => Partial<CaptureChunk> = () => ({})) {
  const diagnosis = new Diagnosis(48_000);
  const found: [string, number][] = [];
  for (let atMs = CHUNK_MS; atMs <= ms; atMs += CHUNK_MS) {
    const heard = chunk(amplitude, atMs, more(atMs));
    for (const { kind } of diagnosis.hear(heard, levelOf(heard))) found.push([kind, atMs]);
  }

  return found;
}

describe('levelOf', () => {
  it('is in decibels of full scale', () => {
    const { rmsDbfs, peakDbfs, clipping } = levelOf(chunk(0.5, 0));
    expect(rmsDbfs).toBeCloseTo(-9, 0);
    expect(peakDbfs).toBeCloseTo(-6, 0);
    expect(clipping).toBe(false);
  });

  it('has a floor for silence', () => {
    expect(levelOf(chunk(0, 0))).toEqual({ rmsDbfs: -100, peakDbfs: -100, clipping: false });
  });
});

describe('Diagnosis', () => {
  it('finds nothing wrong with speech', () => {
    expect(diagnose(120_000, 0.1)).toEqual([]);
  });

  it('finds a microphone that sends digital silence, and tells it once a minute', () => {
    expect(diagnose(70_000, 0)).toEqual([
      ['dead', 3100],
      ['dead', 63_100],
    ]);
  });

  it('does not take a moment of silence for a dead microphone', () => {
    expect(diagnose(10_000, 0.1, (atMs) => (atMs % 3000 < 2500 ? { peak: 0 } : {}))).toEqual([]);
  });

  it('finds audio that is cut off', () => {
    expect(diagnose(6000, 1, () => ({ clippedSamples: 10 }))).toEqual([['clipping', 5100]]);
    expect(diagnose(20_000, 1, (atMs) => ({ clippedSamples: atMs % 5000 === 0 ? 10 : 0 }))).toEqual([]);
  });

  it('finds audio that is far too quiet', () => {
    expect(diagnose(30_000, 0.001)).toEqual([['quiet', 20_100]]);
  });

  it('finds audio that comes at another rate than it should', () => {
    expect(diagnose(30_000, 0.1, () => ({ inputSamples: 4410 }))).toEqual([['wrong-rate', 20_100]]);
    expect(diagnose(30_000, 0.1, () => ({ inputSamples: 4850 }))).toEqual([]);
  });

  it('begins again after a pause', () => {
    const diagnosis = new Diagnosis(48_000);
    const hear = (atMs: number) => diagnosis.hear(chunk(0, atMs), levelOf(chunk(0, atMs)));
    hear(100);
    diagnosis.reset();
    expect(hear(60_000)).toEqual([]);
    expect(hear(63_000)).toMatchObject([{ kind: 'dead' }]);
  });
});

describe('toCaptureError', () => {
  it.each([
    ['NotAllowedError', 'permission-denied'],
    ['NotFoundError', 'no-microphone'],
    ['OverconstrainedError', 'no-microphone'],
    ['NotReadableError', 'in-use'],
    ['SomethingElse', 'not-supported'],
  ])('makes of %s %s, and says what to do', (name, code) => {
    const cause = Object.assign(new Error('x'), { name });
    const error = toCaptureError(cause, 'microphone');
    expect(error).toBeInstanceOf(CaptureError);
    expect(error).toMatchObject({ code, cause });
    expect(error.message).toMatch(/\.$/);
  });

  it('speaks of no microphone when a tab was to be shared', () => {
    const cause = Object.assign(new Error('x'), { name: 'NotReadableError' });
    expect(toCaptureError(cause, 'tab').code).toBe('no-audio-shared');
  });
});
