import { MAX_INPUT_RATE, MIN_INPUT_RATE } from '../../client-sdk/audio/resampler.ts';
import { Failure } from '../failure.ts';

/** Longest recording that is read: at 16 kHz its samples take 2.6 GiB of memory. */
export const MAX_RECORDING_HOURS = 12;

/** A recording read whole into memory. */
export interface Recording {
  /** Samples per second, 8000 to 48000: the file's own rate, or 16000 where ffmpeg read it. */
  readonly sampleRate: number;
  /** Channels the file holds, or null where ffmpeg mixed them before they could be counted. */
  readonly channels: number | null;
  /** The mean of the channels, in [-1, 1]; at least one sample. The caller's own. */
  readonly samples: Float32Array<ArrayBuffer>;
  /** Not rounded. */
  readonly durationMs: number;
}

/** What a decoder answers when the file is sound but not for it. */
export interface NeedsFfmpeg {
  /** What the file is, to go after "is": "a WAV file coded as MS ADPCM". */
  readonly needsFfmpeg: string;
}

/** Whether the resampler takes this rate; ffmpeg reads what it does not. */
export function isSupportedRate(sampleRate: number): boolean {
  return sampleRate >= MIN_INPUT_RATE && sampleRate <= MAX_INPUT_RATE;
}

/** @throws {Failure} when there are no samples. */
export function createRecording(
  path: string,
  source: Pick<Recording, 'sampleRate' | 'channels' | 'samples'>,
): Recording {
  if (source.samples.length === 0) throw new Failure(`${path} holds no audio.`);
  return { ...source, durationMs: (source.samples.length * 1000) / source.sampleRate };
}

/** Samples `MAX_RECORDING_HOURS` hold at a rate. */
export function maxSamplesAt(sampleRate: number): number {
  return MAX_RECORDING_HOURS * 3600 * sampleRate;
}

export function tooLong(path: string): Failure {
  return new Failure(
    `${path} is longer than ${MAX_RECORDING_HOURS} hours. Split it into shorter recordings.`,
  );
}

/** Gathers samples whose number is not known beforehand, up to a bound. */
export class SampleCollector {
  readonly #path: string;
  readonly #maxSamples: number;
  #pieces: Float32Array[] = [];
  #length = 0;

  constructor(path: string, maxSamples: number) {
    this.#path = path;
    this.#maxSamples = maxSamples;
  }

  get length(): number {
    return this.#length;
  }

  /**
   * Keeps `piece`.
   * @throws {Failure} when that makes the recording too long.
   */
  add(piece: Float32Array): void {
    this.#length += piece.length;
    if (this.#length > this.#maxSamples) throw tooLong(this.#path);
    this.#pieces.push(piece);
  }

  /** Everything added, as one fresh array. */
  join(): Float32Array<ArrayBuffer> {
    const joined = new Float32Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    return joined;
  }
}
