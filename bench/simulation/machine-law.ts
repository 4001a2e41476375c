import type { Work } from '../../scheduler/scheduler.ts';

/** How long a thread of an imagined machine takes for a batch. */
export interface MachineLaw {
  readonly batchMs: number;
  /** For a second of audio, alone. */
  readonly encoderMsPerS: number;
  /** For a second of audio that no draft covers, alone. */
  readonly decoderMsPerS: number;
  /** What a job costs that joins a longer one, as a share of what it costs alone: 1 where batches save nothing. */
  readonly encoderJoining: number;
  readonly decoderJoining: number;
}

/**
 * `cpu` is one thread of the machine in `bench/results/engine.json`: 5 ms of encoder for a second of audio, which
 * batches do not make quicker, and 3 ms for each of about four tokens a second, which cost about half in batches of 8.
 * `gpu` is assumed, not measured: what a small model on a large accelerator may do, where batches are nearly free.
 */
export const MACHINE_LAWS: Readonly<Record<'cpu' | 'gpu', MachineLaw>> = {
  cpu: { batchMs: 5, encoderMsPerS: 5, decoderMsPerS: 12, encoderJoining: 1, decoderJoining: 0.5 },
  gpu: { batchMs: 8, encoderMsPerS: 0.25, decoderMsPerS: 0, encoderJoining: 0.1, decoderJoining: 0.1 },
};

/** @returns milliseconds, without noise. */
export function batchMs(law: MachineLaw, works: readonly Work[]): number {
  const encoderS = together(
    works.map(({ size }) => size / 1000),
    law.encoderJoining,
  );
  const decoderS = together(
    works.map(({ fresh }) => fresh / 1000),
    law.decoderJoining,
  );

  return law.batchMs + law.encoderMsPerS * encoderS + law.decoderMsPerS * decoderS;
}

/** The longest in full, and a share of the others. */
function together(values: readonly number[], joining: number): number {
  const longest = Math.max(...values);

  return longest + joining * (values.reduce((sum, value) => sum + value, 0) - longest);
}
