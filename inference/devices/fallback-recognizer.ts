import type { Device } from '../device.ts';
import { Occupancy } from '../occupancy.ts';
import {
  type DecodeResult,
  type Recognizer,
  type RecognizerCapabilities,
  RecognizerError,
  type SpeechSegment,
  validateBatch,
} from '../recognizer.ts';
import { type DeviceFault, deviceFault, whyNotLoaded } from './device-fault.ts';
import { mergeResults } from './merge-results.ts';

/** Where a model runs that was asked for on a GPU. */
export interface Standing {
  readonly runs: Device;
  /** Why not where it was asked for; null where it is. */
  readonly why: string | null;
}

/** What a recogniser with a spare is made of. */
export interface FallbackOptions {
  readonly device: Device;
  /** Of the model as it is asked for: the processor is given as much at once as it takes. */
  readonly capabilities: Omit<RecognizerCapabilities, 'concurrency'>;
  /** Loads the model as it is best on a device. */
  readonly load: (device: Device) => Promise<Recognizer>;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
}

/** How long a GPU that was full is left alone. */
export const FULL_FOR_MS = 60_000;

/**
 * A model on a GPU, and on the processor where the GPU fails: no segment is lost by it. A GPU without memory for a batch is
 * given its halves, down to single segments; where one of those is too much, the processor has its turn, and the GPU is
 * tried again a minute later. A GPU that fails otherwise is left for good: CUDA keeps an error until the process ends, so that
 * only a restart can bring it back. What it holds is not let go of, because that would call into it.
 *
 * On the processor itself, nothing but the model.
 */
export class FallbackRecognizer implements Recognizer {
  readonly capabilities: RecognizerCapabilities;
  readonly #occupancy: Occupancy;
  readonly #device: Device;
  readonly #load: (device: Device) => Promise<Recognizer>;
  readonly #now: () => number;
  /** Null where it could not be loaded. */
  #onDevice: Recognizer | null = null;
  /** Whether nothing more is to be had of `#onDevice`. It is held on to, or garbage collection would release it. */
  #lost = false;
  #onProcessor: Promise<Recognizer> | null = null;
  #fullUntilMs = Number.NEGATIVE_INFINITY;
  #why: string | null = null;
  #closed = false;

  private constructor({ device, capabilities, load, now }: FallbackOptions) {
    this.capabilities = { ...capabilities, concurrency: 1 };
    this.#occupancy = new Occupancy(this.capabilities.concurrency);
    this.#device = device;
    this.#load = load;
    this.#now = now ?? (() => performance.now());
  }

  /** @throws when the model cannot be loaded on the processor, and it was asked for there or the GPU cannot be had. */
  static async load(options: FallbackOptions): Promise<FallbackRecognizer> {
    const recognizer = new FallbackRecognizer(options);
    await recognizer.#begin();

    return recognizer;
  }

  /** Where it runs now. */
  get standing(): Standing {
    return { runs: this.#why === null ? this.#device : 'cpu', why: this.#why };
  }

  /** Leaves the device for good, to the processor: it failed with what no input of its can be to blame for. */
  leaveDevice(error: unknown): void {
    this.#leave({ kind: 'lost', why: whyNotLoaded(error) });
  }

  get idle(): number {
    return this.#occupancy.idle;
  }

  onIdle(listener: () => void): void {
    this.#occupancy.onIdle(listener);
  }

  async decode(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    if (this.#closed) throw new RecognizerError('closed', 'The model has been closed.');
    validateBatch(batch, this.capabilities);

    return this.#occupancy.run(() => this.#decode(batch));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#occupancy.close();
    if (!this.#lost) await this.#onDevice?.close();
    await (await this.#onProcessor?.catch(() => null))?.close();
  }

  async #begin(): Promise<void> {
    try {
      this.#onDevice = await this.#load(this.#device);
    } catch (error) {
      if (this.#device === 'cpu') throw error;
      this.#why = whyNotLoaded(error);
      await this.#processor();
    }
  }

  async #decode(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    if (!this.#onDevice || this.#lost || this.#now() < this.#fullUntilMs)
      return this.#decodeOnProcessor(batch);
    try {
      const result = await this.#onDevice.decode(batch);
      this.#why = null;

      return result;
    } catch (error) {
      const fault = this.#device === 'cpu' ? null : deviceFault(error);
      if (!fault) throw error;
      if (fault.kind === 'full' && batch.length > 1) return this.#decodeHalves(batch);
      this.#leave(fault);

      return this.#decodeOnProcessor(batch);
    }
  }

  async #decodeHalves(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    const middle = Math.ceil(batch.length / 2);
    const first = await this.#decode(batch.slice(0, middle));

    return mergeResults([first, await this.#decode(batch.slice(middle))]);
  }

  #leave({ kind, why }: DeviceFault): void {
    this.#why = why;
    if (kind === 'full') this.#fullUntilMs = this.#now() + FULL_FOR_MS;
    else this.#lost = true;
  }

  async #decodeOnProcessor(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    const spare = await this.#processor();
    const { maxBatchSize } = spare.capabilities;
    const parts: DecodeResult[] = [];
    for (let i = 0; i < batch.length; i += maxBatchSize)
      parts.push(await spare.decode(batch.slice(i, i + maxBatchSize)));

    return mergeResults(parts);
  }

  #processor(): Promise<Recognizer> {
    this.#onProcessor ??= this.#load('cpu').catch((error: unknown) => {
      this.#onProcessor = null;
      throw error;
    });

    return this.#onProcessor;
  }
}
