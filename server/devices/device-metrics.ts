import { Gauge, type Registry } from 'prom-client';
import type { DevicePlace } from '../../inference/threads/threaded-recognizers.ts';
import type { Gpu } from './nvidia-smi.ts';

/** What is known of devices when somebody asks. */
export interface WatchedDevices {
  readonly recognizers: { readonly places: readonly DevicePlace[] };
  readonly gpus: { readonly gpus: readonly Gpu[] };
}

/** Metrics of where models run, and of the memory there. */
export class DeviceMetrics {
  #devices: WatchedDevices = { recognizers: { places: [] }, gpus: { gpus: [] } };

  constructor(registry: Registry) {
    const devices = () => this.#devices;
    new Gauge({
      name: 'roundtable_inference_threads',
      help: 'Inference threads, by the device they were asked for on and the one they run on.',
      labelNames: ['asked', 'runs'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { asked, runs } of devices().recognizers.places) this.inc({ asked, runs });
      },
    });
    new Gauge({
      name: 'roundtable_gpu_memory_bytes',
      help: 'Memory of the GPUs in use, of all programs together, as nvidia-smi says.',
      labelNames: ['gpu', 'of'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { index, usedBytes, totalBytes } of devices().gpus.gpus) {
          this.set({ gpu: String(index), of: 'used' }, usedBytes);
          this.set({ gpu: String(index), of: 'total' }, totalBytes);
        }
      },
    });
  }

  /** From here on these are asked for what they know. */
  watch(devices: WatchedDevices): void {
    this.#devices = devices;
  }
}
