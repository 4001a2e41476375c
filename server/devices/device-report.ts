import type { DevicePlace } from '../../inference/threads/threaded-recognizers.ts';
import type { WatchedDevices } from './device-metrics.ts';
import type { Gpu } from './nvidia-smi.ts';

/** Where models run, as operators are told. */
export interface DeviceReport {
  /** One for each inference thread, in the order that `--devices` has them. */
  readonly devices: readonly DevicePlace[];
  /** Memory of the GPUs in use, as it was some seconds ago; empty without `nvidia-smi`. */
  readonly gpus: readonly Gpu[];
}

/** @param watched null before the models are loaded. */
export function reportDevices(watched: WatchedDevices | null): DeviceReport {
  return { devices: watched?.recognizers.places ?? [], gpus: watched?.gpus.gpus ?? [] };
}
