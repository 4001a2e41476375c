import { Resampler } from '../../client-sdk/audio/resampler.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { Scratch } from '../../inference/scratch.ts';
import type { StreamAllowance } from '../admission/stream-allowance.ts';
import { createPcmDecoder, type PcmDecoder, type PcmFormat } from '../audio/pcm.ts';
import { StreamError } from '../errors.ts';
import type { SpeechStream } from '../stream/speech-stream.ts';
import { STOP_RESERVE_SAMPLES } from './stream-options.ts';

/** Audio in one message; resampling it has to take less than the 20 ms the socket thread may be busy. */
const MAX_MESSAGE_SECONDS = 5;

/** For the samples of the message that is being taken: the stream copies them, and the next message may have it. */
const SCRATCH = new Scratch();

/** Turns a client's bytes into the audio of its stream. */
export class AudioIntake {
  readonly #stream: SpeechStream;
  readonly #allowance: StreamAllowance;
  readonly #decoder: PcmDecoder;
  readonly #resampler: Resampler;
  readonly #sampleRate: number;
  /** The frame that audio has to go on with. */
  readonly nextFrame: number;

  /** @param startSample where the stream's audio goes on. */
  constructor(
    stream: SpeechStream,
    allowance: StreamAllowance,
    format: PcmFormat & { readonly sampleRate: number },
    startSample: number,
  ) {
    this.#stream = stream;
    this.#allowance = allowance;
    this.#decoder = createPcmDecoder(format);
    this.#sampleRate = format.sampleRate;
    this.#resampler = new Resampler(format.sampleRate);
    this.nextFrame = this.#resampler.seek(startSample);
  }

  /**
   * Takes one message's bytes, which it copies.
   * @returns samples at 16 kHz that the stream has got.
   * @throws {StreamError} when there are none, too many in one message, or more than may be held.
   * @throws {MisalignedAudioError} when they are not a whole number of samples.
   */
  take(pcm: Uint8Array): number {
    if (pcm.length === 0) throw new StreamError('audio-empty');
    const seconds = pcm.length / this.#decoder.frameBytes / this.#sampleRate;
    // Before anything is decoded: the work of a message is bounded by what may be kept of it.
    if (seconds > MAX_MESSAGE_SECONDS) {
      throw new StreamError(
        'message-too-large',
        `A message holds at most ${MAX_MESSAGE_SECONDS} s of audio.`,
      );
    }
    if (seconds * SAMPLE_RATE + STOP_RESERVE_SAMPLES > this.#stream.freeSamples)
      throw new StreamError('audio-overrun');
    SCRATCH.reclaim();
    const lend = (samples: number) => SCRATCH.lend(samples);
    const samples = this.#resampler.process(this.#decoder.decode(pcm, lend), lend);
    this.#allowance.hold(samples.length);
    this.#stream.write(samples);

    return samples.length;
  }

  /** No more comes: what the resampler still owes is written. */
  end(): void {
    this.#stream.write(this.#resampler.flush());
  }
}
