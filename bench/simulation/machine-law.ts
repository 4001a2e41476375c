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
  /** Whether shorter jobs are padded, and so cost as much as the longest of their batch. No when left out. */
  readonly pads?: boolean;
  /** Whether a draft saves the decoder anything. Yes when left out. */
  readonly drafts?: boolean;
}

/**
 * `cpu` is one thread of the machine in `bench/results/engine.json`: 5 ms of encoder for a second of audio, which
 * batches do not make quicker, and 3 ms for each of about four tokens a second, which cost about half in batches of 8.
 * `gpu` is assumed, not measured: what a small model on a large accelerator may do, where batches are nearly free. So is
 * `loop`: a decoder that loops inside a GPU, four tokens a second of 1.5 ms each, whatever is beside them, and an encoder that
 * takes rows as long as they are padded.
 */
export const MACHINE_LAWS: Readonly<Record<'cpu' | 'gpu' | 'loop', MachineLaw>> = {
  cpu: { batchMs: 5, encoderMsPerS: 5, decoderMsPerS: 12, encoderJoining: 1, decoderJoining: 0.5 },
  gpu: { batchMs: 8, encoderMsPerS: 0.25, decoderMsPerS: 0, encoderJoining: 0.1, decoderJoining: 0.1 },
  loop: {
    batchMs: 5,
    encoderMsPerS: 0.1,
    decoderMsPerS: 6,
    encoderJoining: 1,
    decoderJoining: 0,
    pads: true,
    drafts: false,
  },
};

/** @returns milliseconds, without noise. */
export function batchMs(law: MachineLaw, works: readonly Work[]): number {
  const encoderS = together(
    works.map(({ size }) => size / 1000),
    law.encoderJoining,
    law.pads,
  );
  const decoderS = together(
    works.map(({ fresh }) => fresh / 1000),
    law.decoderJoining,
    law.pads,
  );

  return law.batchMs + law.encoderMsPerS * encoderS + law.decoderMsPerS * decoderS;
}

/** The longest in full, and a share of the others. */
function together(values: readonly number[], joining: number, pads = false): number {
  const longest = Math.max(...values);
  if (pads) return longest * (1 + joining * (values.length - 1));

  return longest + joining * (values.reduce((sum, value) => sum + value, 0) - longest);
}
