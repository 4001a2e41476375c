import { totalmem } from 'node:os';

/** Of the memory there is: the rest is for the server itself, its streams, and whatever else runs. */
const SHARE = 4 / 5;
const MB = 1_000_000;

/** What models may take unless it is said: four fifths of what the machine has, or its container may use. */
export function defaultModelMemoryMb(): number {
  // Without a limit it is undefined, 0, or a number beyond all machines, by the kind of cgroup.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;

  return Math.floor((SHARE * Math.min(totalmem(), limit)) / MB);
}
