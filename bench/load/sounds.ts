import { open } from 'node:fs/promises';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import type { SpeakingOrder } from './records.ts';
import { roomNoise } from './room-noise.ts';

const BYTES = 2;
/** Noise repeats after this long; streams begin at different places of it. */
const NOISE_MS = 10_000;

/** Everything streams send, laid out so that a message is a view of it: nothing is copied to send. */
export class Sounds {
  readonly messageMs: number;
  readonly #messageBytes: number;
  readonly #noise: Buffer;
  /** Clips by their place in the list, each filled up with noise to whole messages. */
  readonly #clips: ReadonlyMap<number, Buffer>;

  private constructor(messageMs: number, noise: Buffer, clips: ReadonlyMap<number, Buffer>) {
    this.messageMs = messageMs;
    this.#messageBytes = bytesOf(messageMs);
    this.#noise = noise;
    this.#clips = clips;
  }

  /** Reads the clips that plans name. */
  static async load({ plans, clips, clipsFile, messageMs, seed }: SpeakingOrder): Promise<Sounds> {
    const messageBytes = bytesOf(messageMs);
    const noiseMessages = Math.ceil(NOISE_MS / messageMs);
    const noise = bytes(roomNoise((noiseMessages * messageBytes) / BYTES, seed + 1));
    const loaded = new Map<number, Buffer>();
    const file = await open(clipsFile);
    try {
      for (const index of new Set(plans.flatMap(({ turns }) => turns.map(({ clip }) => clip)))) {
        const { offsetBytes, samples } = clips[index]!;
        const messages = Math.ceil((samples * BYTES) / messageBytes);
        const buffer = Buffer.alloc(messages * messageBytes);
        noise.copy(buffer, samples * BYTES, 0, buffer.length - samples * BYTES);
        await file.read(buffer, 0, samples * BYTES, offsetBytes);
        loaded.set(index, buffer);
      }
    } finally {
      await file.close();
    }

    return new Sounds(messageMs, noise, loaded);
  }

  /** Messages a clip fills. */
  messagesOf(clip: number): number {
    return this.#clips.get(clip)!.length / this.#messageBytes;
  }

  /** A view of the clip's audio. Not to be written to. */
  speech(clip: number, message: number): Buffer {
    return this.#message(this.#clips.get(clip)!, message);
  }

  /** A view of room noise; `message` may be any whole number from 0 up. */
  noise(message: number): Buffer {
    return this.#message(this.#noise, message % (this.#noise.length / this.#messageBytes));
  }

  #message(from: Buffer, message: number): Buffer {
    return from.subarray(message * this.#messageBytes, (message + 1) * this.#messageBytes);
  }
}

function bytesOf(ms: number): number {
  return ((ms * SAMPLE_RATE) / 1000) * BYTES;
}

function bytes(samples: Int16Array<ArrayBuffer>): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}
