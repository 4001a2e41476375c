import type { MoonshineFiles, MoonshineGraphs } from '../../inference/moonshine/moonshine-files.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { Failure } from '../../server/failure.ts';

/** A clip, or the beginning of one, as it is put to an engine. */
export interface Question {
  /** Mono at 16 kHz; left as it is. */
  readonly audio: Float32Array;
  /** Tokens of an earlier hypothesis, for an engine that can make use of them. */
  readonly draft?: readonly number[];
}

/** What an engine made of one clip. */
export interface Heard {
  readonly text: string;
  /** Null from an engine that does not tell ids. */
  readonly tokens: readonly number[] | null;
  /** Tokens the decoder was asked for, the end mark included; 0 from an engine that does not tell ids. */
  readonly steps: number;
}

/** A batch's answers and what they cost. */
export interface Answer {
  /** In the order of the questions. */
  readonly heard: readonly Heard[];
  /** Passes through the decoder; null from an engine that does not count them. */
  readonly passes: number | null;
  /** On the clock. */
  readonly ms: number;
}

/** Something that turns whole clips into text on one thread. */
export interface Engine {
  /** Decodes clips together, as many as it can. */
  decode(batch: readonly Question[]): Promise<Answer>;
  close(): Promise<void>;
}

/** onnxruntime-node on the shipped graphs, or this engine on the rebuilt ones. */
export async function loadMoonshineEngine(graphs: MoonshineGraphs): Promise<Engine> {
  // Imported here, so that a process that measures memory holds nothing but what it measures.
  const { loadMoonshine } = await import('../../inference/moonshine/load-moonshine.ts');
  const recognizer = await loadMoonshine(graphs, 'cpu');

  return {
    decode: async (batch) => {
      const segments = batch.map(({ audio, draft = [] }) => ({ samples: audio, language: null, draft }));
      const startedAt = performance.now();
      const { hypotheses, passes } = await recognizer.decode(segments);
      const ms = performance.now() - startedAt;
      const heard = hypotheses.map(({ text, tokens, cut }) => ({
        text,
        tokens,
        steps: tokens.length + (cut === null ? 1 : 0),
      }));

      return { heard, passes, ms };
    },
    close: () => recognizer.close(),
  };
}

/**
 * sherpa-onnx's own classes, and its recogniser on the shipped graphs and one thread.
 * @param vocabulary path of what `sherpaTokens` writes.
 * @throws {Failure} when it is not installed.
 */
export async function loadSherpa({ encoder, decoder }: MoonshineFiles, vocabulary: string) {
  const { default: sherpa } = await import('sherpa-onnx-node').catch((error: Error) => {
    const [reason] = error.message.split('\n');
    throw new Failure(
      `sherpa-onnx-node, the engine to compare with, cannot be loaded; "npm ci" brings it. (${reason})`,
    );
  });
  const recognizer = new sherpa.OfflineRecognizer({
    featConfig: { sampleRate: SAMPLE_RATE, featureDim: 80 },
    modelConfig: {
      moonshine: { encoder, mergedDecoder: decoder },
      tokens: vocabulary,
      numThreads: 1,
      provider: 'cpu',
    },
  });

  return { sherpa, recognizer };
}

/**
 * sherpa-onnx on the shipped graphs.
 * @param vocabulary path of what `sherpaTokens` writes.
 * @throws {Failure} when it is not installed.
 */
export async function loadSherpaEngine(files: MoonshineFiles, vocabulary: string): Promise<Engine> {
  const { recognizer } = await loadSherpa(files, vocabulary);

  return {
    decode: async (batch) => {
      const startedAt = performance.now();
      const heard = batch.map(({ audio }) => {
        const stream = recognizer.createStream();
        stream.acceptWaveform({ samples: audio, sampleRate: SAMPLE_RATE });
        recognizer.decode(stream);

        return { text: recognizer.getResult(stream).text, tokens: null, steps: 0 };
      });

      return { heard, passes: null, ms: performance.now() - startedAt };
    },
    // The native object goes with its last reference.
    close: async () => {},
  };
}
