import { Failure } from '../failure.ts';

/** What one model is expected to take. */
export interface ModelShare {
  readonly name: string;
  /** Of the files that are read to load it. */
  readonly fileBytes: number;
}

/** What models are expected to take in all threads together, and what they may. */
export interface MemoryPlan {
  readonly threads: number;
  /** In the order of the models. */
  readonly shares: readonly { readonly name: string; readonly bytes: number }[];
  readonly expectedBytes: number;
  readonly allowedBytes: number;
}

/**
 * What a model takes in one thread over the size of its files, when it has decoded batches of eight segments of 15 s:
 * onnxruntime keeps weights as they came and as its kernels want them, and what the largest batch took. Measured on graphs
 * of 115 to 267 MB: Moonshine 2.2 to 2.6, like SenseVoice 1.6 to 1.9 in bytes and 2.0 in floats. Just loaded it is 1.2 to 1.8.
 */
const MEMORY_PER_FILE = 2.5;
const MB = 1_000_000;

/** @param threads that have all of the models each. */
export function planMemory(
  models: readonly ModelShare[],
  threads: number,
  { modelMemoryMb }: { readonly modelMemoryMb: number },
): MemoryPlan {
  const shares = models.map(({ name, fileBytes }) => ({
    name,
    bytes: threads * MEMORY_PER_FILE * fileBytes,
  }));

  return {
    threads,
    shares,
    expectedBytes: shares.reduce((sum, { bytes }) => sum + bytes, 0),
    allowedBytes: modelMemoryMb * MB,
  };
}

/** The same with as many threads fewer as would make it fit, but one at least. */
export function withFewerThreads(plan: MemoryPlan): MemoryPlan {
  const threads = Math.max(1, Math.floor(plan.threads * Math.min(1, plan.allowedBytes / plan.expectedBytes)));
  const shrink = (bytes: number) => (bytes / plan.threads) * threads;

  return {
    ...plan,
    threads,
    shares: plan.shares.map(({ name, bytes }) => ({ name, bytes: shrink(bytes) })),
    expectedBytes: shrink(plan.expectedBytes),
  };
}

/** @throws {Failure} when models are expected to take more than they may, with what each of them would. */
export function requireRoom({ threads, shares, expectedBytes, allowedBytes }: MemoryPlan): void {
  if (expectedBytes <= allowedBytes) return;
  const each = shares.map(({ name, bytes }) => `${name} ${inMb(bytes)}`).join(', ');
  throw new Failure(
    `The models are expected to take ${inMb(expectedBytes)} of memory in ${threads} ${threads === 1 ? 'thread' : 'threads'} (${each}), and --model-memory-mb allows ${inMb(allowedBytes)}. Name fewer models with --model or fewer threads with --devices, or allow more.`,
  );
}

/** Whole megabytes, for people. */
export function inMb(bytes: number): string {
  return `${Math.ceil(bytes / MB).toLocaleString('en')} MB`;
}
