import { availableParallelism } from 'node:os';
import { type Device, parseDevices } from '../../inference/device.ts';

/** Leaves the number of threads to the machine. */
export const AUTO_DEVICES = 'auto';

/** More threads than this are asked for by name. */
const MAX_AUTO_THREADS = 64;

/**
 * A device for each thread of a list, or the processor for each core where it is `auto`: sockets and voice detection need
 * little, and go first.
 * @returns what is wrong with it, in words that follow its name, where something is.
 */
export function readDevices(list: string): readonly Device[] | string {
  if (list !== AUTO_DEVICES) return parseDevices(list);

  return new Array<Device>(Math.min(MAX_AUTO_THREADS, availableParallelism())).fill('cpu');
}
