import { createHash } from 'node:crypto';
import { createPcmDecoder } from '../../audio/pcm.ts';
import { type AudioFormat, requireMixable } from './parameters.ts';
import { WaveHead } from './wave-head.ts';

/** The bytes of a stream: what they are, and how much audio they make. */
export class ListenAudio {
  readonly #multichannel: boolean;
  readonly #head = new WaveHead();
  readonly #sha256 = createHash('sha256');
  #format: AudioFormat | null = null;
  #bytesPerMs = 1;
  #audioBytes = 0;
  #hasBegun = false;

  /** @param multichannel whether each channel is wanted by itself. */
  constructor(multichannel: boolean) {
    this.#multichannel = multichannel;
  }

  /** Null until it is known. */
  get format(): AudioFormat | null {
    return this.#format;
  }

  /** @throws {StreamError} when channels cannot be had as they are wanted. */
  set format(format: AudioFormat) {
    requireMixable(format.channels, this.#multichannel);
    this.#format = format;
    this.#bytesPerMs = (createPcmDecoder(format).frameBytes * format.sampleRate) / 1000;
  }

  /** Whether any bytes have come, of a head or of audio. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Channels of the audio that has come, 0 when none has. */
  get channels(): number {
    return this.#audioBytes === 0 ? 0 : this.#format!.channels;
  }

  /** How much audio has come. */
  get receivedMs(): number {
    return this.#audioBytes / this.#bytesPerMs;
  }

  /**
   * Takes the next bytes. The format is known when audio is among them.
   * @returns what of them is audio, behind the head of a WAV file.
   * @throws {StreamError} when it is no audio that is known here.
   */
  take(bytes: Uint8Array): Uint8Array {
    this.#hasBegun = true;
    this.#sha256.update(bytes);
    let audio = bytes;
    if (!this.#format) {
      const beheaded = this.#head.take(bytes);
      if (!beheaded) return bytes.subarray(0, 0);
      this.format = beheaded.format;
      audio = beheaded.audio;
    }
    this.#audioBytes += audio.length;

    return audio;
  }

  /** Of all bytes that came, in hexadecimal. Nothing can be taken any more. */
  digest(): string {
    return this.#sha256.digest('hex');
  }
}
