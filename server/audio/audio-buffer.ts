import { SpareRings } from './spare-rings.ts';

/** Of all streams. */
const SPARES = new SpareRings();

/** Samples a buffer has room for before it grows: four windows of voice activity detection, 8 KiB. */
const SMALLEST_SAMPLES = 2048;
/** Up to here it grows by as much at a time: most streams are silent, and hold half a second. */
const STEPS_UP_TO_SAMPLES = 12_288;

/**
 * One stream's most recent audio at 16 kHz, by absolute position: sample `n` is the n-th since the stream began,
 * whatever has been discarded since. A ring that grows as it fills, up to its capacity, and shrinks as it empties, so
 * that an idle stream costs 8 KiB, and a silent one 40.
 */
export class AudioBuffer {
  readonly #capacitySamples: number;
  /** The sample at position p lies at p modulo the ring's length. */
  #ring: Float32Array;
  #start = 0;
  #end = 0;

  /**
   * @param capacitySamples most samples held at once, at least 1.
   * @param startSample position of the first sample to come.
   * @throws {RangeError} when it is not a whole number from 1.
   */
  constructor(capacitySamples: number, startSample = 0) {
    if (!Number.isSafeInteger(capacitySamples) || capacitySamples < 1) {
      throw new RangeError(`The capacity must be a whole number of samples from 1, not ${capacitySamples}.`);
    }
    this.#capacitySamples = capacitySamples;
    this.#start = startSample;
    this.#end = startSample;
    this.#ring = new Float32Array(Math.min(SMALLEST_SAMPLES, capacitySamples));
  }

  /** Memory that buffers have outgrown or shrunk out of, kept for others. */
  static get spareBytes(): number {
    return SPARES.bytes;
  }

  /** Position of the oldest sample held. Only ever grows. */
  get startSample(): number {
    return this.#start;
  }

  /** Position after the newest sample. Only ever grows. */
  get endSample(): number {
    return this.#end;
  }

  /** Samples that can still be appended before something must be discarded. */
  get free(): number {
    return this.#capacitySamples - (this.#end - this.#start);
  }

  /** Bytes of memory held for samples. */
  get allocatedBytes(): number {
    return this.#ring.byteLength;
  }

  /**
   * Copies `samples` in after the newest.
   * @throws {RangeError} when they are more than `free`; the buffer is then as it was.
   */
  append(samples: Float32Array): void {
    if (samples.length > this.free) {
      throw new RangeError(`${samples.length} samples were appended where ${this.free} are free.`);
    }
    const needed = this.#end - this.#start + samples.length;
    if (needed > this.#ring.length) this.#resize(needed);
    const at = this.#end % this.#ring.length;
    const untilWrap = Math.min(samples.length, this.#ring.length - at);
    this.#ring.set(samples.subarray(0, untilWrap), at);
    this.#ring.set(samples.subarray(untilWrap), 0);
    this.#end += samples.length;
  }

  /**
   * The samples from position `start` up to but without `end`.
   * @returns a fresh array in an `ArrayBuffer` of exactly its size, which the caller may transfer.
   * @throws {RangeError} when some of them are not held.
   */
  slice(start: number, end: number): Float32Array<ArrayBuffer> {
    this.#check(start, end);
    const slice = new Float32Array(end - start);
    this.copyTo(slice, start);

    return slice;
  }

  /**
   * Fills `target`, wherever its memory may lie, with the samples from position `start` on.
   * @throws {RangeError} when some of them are not held; `target` is then as it was.
   */
  copyTo(target: Float32Array, start: number): void {
    this.#check(start, start + target.length);
    const at = start % this.#ring.length;
    const untilWrap = Math.min(target.length, this.#ring.length - at);
    target.set(this.#ring.subarray(at, at + untilWrap));
    target.set(this.#ring.subarray(0, target.length - untilWrap), untilWrap);
  }

  /**
   * Lets go of every sample before `position`; does nothing where those are gone already.
   * @throws {RangeError} when `position` is past `endSample` or not a whole number.
   */
  discardBefore(position: number): void {
    if (!Number.isSafeInteger(position) || position > this.#end) {
      throw new RangeError(
        `Samples before ${position} cannot be discarded of ${this.#start} to ${this.#end}.`,
      );
    }
    this.#start = Math.max(this.#start, position);
    // Shrinks at an eighth full to a quarter full: far enough apart that no stream grows and shrinks in turn.
    const held = this.#end - this.#start;
    if (this.#ring.length > SMALLEST_SAMPLES && held <= this.#ring.length / 8) this.#resize(4 * held);
  }

  #check(start: number, end: number): void {
    const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end);
    if (!whole || start < this.#start || end > this.#end || start > end) {
      throw new RangeError(`Samples ${start} to ${end} were asked for of ${this.#start} to ${this.#end}.`);
    }
  }

  /** Moves what is held to a ring that has room for `samples`: in small steps, and then doubling. */
  #resize(samples: number): void {
    const steps = Math.max(1, Math.ceil(samples / SMALLEST_SAMPLES));
    let length = Math.min(steps * SMALLEST_SAMPLES, STEPS_UP_TO_SAMPLES);
    while (length < samples) length *= 2;
    const ring = SPARES.take(Math.min(length, this.#capacitySamples));
    const held = this.#end - this.#start;
    const at = this.#start % ring.length;
    const untilWrap = Math.min(held, ring.length - at);
    this.copyTo(ring.subarray(at, at + untilWrap), this.#start);
    this.copyTo(ring.subarray(0, held - untilWrap), this.#start + untilWrap);
    SPARES.giveBack(this.#ring);
    this.#ring = ring;
  }
}
