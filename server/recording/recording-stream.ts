import { MAX_INPUT_RATE, MIN_INPUT_RATE } from '../../client-sdk/audio/resampler.ts';
import { Failure } from '../failure.ts';

/** A recording that is read piece by piece. */
export interface RecordingStream {
  /** Samples per second, 8000 to 48000: the file's own rate, or 16000 where ffmpeg reads it. */
  readonly sampleRate: number;
  /** Channels the file holds, or null where ffmpeg mixes them before they can be counted. */
  readonly channels: number | null;
  /**
   * The mean of the channels, in [-1, 1], in order; at least one sample of it. To be read once. Pieces hold half a second or so
   * of speech, and at most some seconds; each is the reader's own.
   * @throws {Failure} where the recording is damaged or too long.
   */
  readonly pieces: AsyncIterable<Float32Array<ArrayBuffer>>;
  /** Lets go of the file, and of ffmpeg. Idempotent; never throws. */
  close(): Promise<void>;
}

/** The file of a recording: what is needed of one of Node's. */
export interface RecordingFile {
  read(
    memory: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

/** How a recording is read. */
export interface ReadOptions {
  /** What sentences call it, at their beginning: its path, or `The file` to those who are not to know it. */
  readonly label: string;
  /** Longer ones are refused, as soon as it shows. */
  readonly maxMs: number;
  /** Lets go of the file, and of ffmpeg; reading then throws its reason. */
  readonly signal?: AbortSignal;
}

/** Whether the resampler takes this rate; ffmpeg reads what it does not. */
export function isSupportedRate(sampleRate: number): boolean {
  return sampleRate >= MIN_INPUT_RATE && sampleRate <= MAX_INPUT_RATE;
}

/** What a decoder answers when the file is sound but not for it. */
export interface NeedsFfmpeg {
  /** What the file is, to go after "is": "a WAV file coded as MS ADPCM". */
  readonly needsFfmpeg: string;
}

/** Counts the samples of a recording that may be too long, or hold none. */
export class LengthCheck {
  readonly #options: Pick<ReadOptions, 'label' | 'maxMs'>;
  readonly #sampleRate: number;
  #samples = 0;

  constructor(options: Pick<ReadOptions, 'label' | 'maxMs'>, sampleRate: number) {
    this.#options = options;
    this.#sampleRate = sampleRate;
  }

  /** Counted so far. */
  get samples(): number {
    return this.#samples;
  }

  /** So many come, or are said to come in all. @throws {Failure} when that is too long. */
  allow(samples: number): void {
    if (samples * 1000 > this.#options.maxMs * this.#sampleRate) throw tooLong(this.#options);
  }

  /** So many more have come. @throws {Failure} when that is too long. */
  add(samples: number): void {
    this.#samples += samples;
    this.allow(this.#samples);
  }

  /** No more come. @throws {Failure} when there were none. */
  end(): void {
    if (this.#samples === 0) throw new Failure(`${this.#options.label} holds no audio.`);
  }
}

function tooLong({ label, maxMs }: Pick<ReadOptions, 'label' | 'maxMs'>): Failure {
  return new Failure(`${label} is longer than ${describe(maxMs)}. Split it into shorter recordings.`);
}

/** In the largest unit that it is a whole number of. */
function describe(ms: number): string {
  const [size, unit] = UNITS.find(([unitMs]) => ms % unitMs === 0)!;

  return `${ms / size} ${unit}${ms === size ? '' : 's'}`;
}

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
  [1, 'millisecond'],
];
