import sherpa from 'sherpa-onnx-node';
import type { SenseVoiceGraphs } from '../../inference/sensevoice/layout.ts';
import { CLIP_RATE } from './audio.ts';

type Recognizer = InstanceType<typeof sherpa.OfflineRecognizer>;

/** What sherpa-onnx makes of a segment. */
export interface SherpaAnswer {
  readonly tokens: readonly string[];
  /** Position of each token. */
  readonly positions: readonly number[];
  readonly lang: string;
  readonly emotion: string;
  readonly event: string;
}

/** sherpa-onnx' own SenseVoice on the files of ours, one recogniser for each language that is asked for. */
export class SherpaSenseVoice {
  readonly #graphs: SenseVoiceGraphs;
  readonly #recognizers = new Map<string, Recognizer>();

  constructor(graphs: SenseVoiceGraphs) {
    this.#graphs = graphs;
  }

  /** @param samples at 16 kHz. @param language one of SenseVoice's names, or `auto`. */
  decode(samples: Float32Array, language: string): SherpaAnswer {
    const recognizer = this.#recognizer(language);
    const stream = recognizer.createStream();
    stream.acceptWaveform({ samples, sampleRate: CLIP_RATE });
    recognizer.decode(stream);
    const { tokens, timestamps, lang, emotion, event } = recognizer.getResult(stream);

    return {
      tokens,
      positions: timestamps.map((seconds) => Math.round(seconds / 0.06)),
      lang,
      emotion,
      event,
    };
  }

  #recognizer(language: string): Recognizer {
    const known = this.#recognizers.get(language);
    if (known) return known;
    const { model, tokens, itn } = this.#graphs;
    const recognizer = new sherpa.OfflineRecognizer({
      featConfig: { sampleRate: CLIP_RATE, featureDim: 80 },
      modelConfig: {
        senseVoice: { model, language, useInverseTextNormalization: itn ? 1 : 0 },
        tokens,
        numThreads: 1,
        provider: 'cpu',
      },
    });
    this.#recognizers.set(language, recognizer);

    return recognizer;
  }
}
