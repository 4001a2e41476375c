import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Decoders } from '../../inference/moonshine/decoding-batch.ts';
import type { RebuiltFiles } from '../../inference/moonshine/moonshine-files.ts';
import { frameCount } from '../../inference/moonshine/padding.ts';
import type { SpeechCache } from '../../inference/moonshine/speech-cache.ts';
import type { Values } from '../../inference/moonshine/values.ts';
import { sessionOptions } from '../../inference/session-options.ts';

/** The three rebuilt graphs, each to be run by itself. */
export class DecoderRig implements Decoders {
  readonly #encoder: InferenceSession;
  readonly #decoder: InferenceSession;
  readonly #preciseDecoder: InferenceSession;

  private constructor(sessions: readonly [InferenceSession, InferenceSession, InferenceSession]) {
    [this.#encoder, this.#decoder, this.#preciseDecoder] = sessions;
  }

  static async load({ encoder, decoder, preciseDecoder }: RebuiltFiles): Promise<DecoderRig> {
    const load = (file: string) => InferenceSession.create(file, sessionOptions('cpu'));

    return new DecoderRig([await load(encoder), await load(decoder), await load(preciseDecoder)]);
  }

  /** Puts speech of at least 1024 samples a row into `speech`. @returns the frames of each row. */
  async encode(rows: readonly Float32Array[], speech: SpeechCache): Promise<readonly number[]> {
    const frames = rows.map(({ length }) => frameCount(length));
    speech.open(rows.length, Math.max(...frames));
    const padded = new Tensor('int64', BigInt64Array.of(BigInt(speech.frames)), [1]);
    for (const [i, samples] of rows.entries()) {
      const feeds = { samples: new Tensor('float32', samples, [1, samples.length]), padded_frames: padded };
      await this.#encoder.run(feeds, speech.row(i));
    }

    return frames;
  }

  decode(feeds: Values): Promise<Values> {
    return this.#decoder.run(feeds) as Promise<Values>;
  }

  decodeAll(feeds: Values): Promise<Values> {
    return this.decode(feeds);
  }

  decodePrecisely(feeds: Values): Promise<Values> {
    return this.#preciseDecoder.run(feeds) as Promise<Values>;
  }

  async release(): Promise<void> {
    await this.#encoder.release();
    await this.#decoder.release();
    await this.#preciseDecoder.release();
  }
}
