import { setImmediate } from 'node:timers/promises';
import type sherpaOnnx from 'sherpa-onnx-node';
import type { OfflineRecognizerConfig } from 'sherpa-onnx-node';
import { guardedSync } from '../native-guard.ts';
import { Occupancy } from '../occupancy.ts';
import {
  type DecodeResult,
  type Hypothesis,
  type Recognizer,
  type RecognizerCapabilities,
  RecognizerError,
  SAMPLE_RATE,
  type SpeechSegment,
  validateBatch,
} from '../recognizer.ts';
import { sherpaCapabilities } from './capabilities.ts';
import { readResult } from './heard.ts';
import { HotWordList } from './hot-word-list.ts';
import { loadPackage, type SherpaPackage } from './load-package.ts';
import { parseResult } from './parse-result.ts';
import { recognizerConfig } from './recognizer-config.ts';
import type { SherpaGraphs } from './sherpa-graphs.ts';
import { readTokens, type Tokens } from './tokens.ts';
import { whisperCode } from './whisper-language.ts';

type OfflineRecognizer = InstanceType<typeof sherpaOnnx.OfflineRecognizer>;
type OfflinePunctuation = InstanceType<typeof sherpaOnnx.OfflinePunctuation>;

/** What sherpa-onnx holds in native memory. */
interface Loaded {
  readonly recognizer: OfflineRecognizer;
  readonly punctuation: OfflinePunctuation | null;
  readonly addon: SherpaPackage['addon'];
}

/**
 * Shorter segments are filled up with silence: a model whose convolutions find nothing to do throws, and an exception
 * inside sherpa-onnx ends the process.
 */
const MIN_SAMPLES = SAMPLE_RATE / 2;

/**
 * Any model that sherpa-onnx runs (https://github.com/k2-fsa/sherpa-onnx), through its own binary and its own copy of
 * onnxruntime, on the processor. Segments of a batch follow one after another, because the package has no call for
 * several at once; so each is heard as it would be alone.
 */
export class Sherpa implements Recognizer {
  readonly capabilities: RecognizerCapabilities;
  readonly #occupancy: Occupancy;
  readonly #graphs: SherpaGraphs;
  readonly #tokens: Tokens;
  readonly #hotWords: HotWordList | null;
  /** Null when closed: it is let go of with its last reference. */
  #loaded: Loaded | null;
  /** What Whisper was last asked for. */
  #language = '';

  private constructor(graphs: SherpaGraphs, loaded: Loaded, tokens: Tokens) {
    this.capabilities = { ...sherpaCapabilities(graphs), concurrency: 1 };
    this.#occupancy = new Occupancy(this.capabilities.concurrency);
    this.#graphs = graphs;
    this.#loaded = loaded;
    this.#tokens = tokens;
    this.#hotWords = graphs.hotWords && tokens.spelling && new HotWordList(graphs.hotWords, tokens.spelling);
  }

  /**
   * Files that sherpa-onnx finds fault with end the process: only load what has been probed (`probe-sherpa.ts`).
   * @throws when sherpa-onnx is not installed, or the vocabulary cannot be read.
   */
  static async load(graphs: SherpaGraphs): Promise<Sherpa> {
    const { classes, addon } = await loadPackage();
    const { OfflineRecognizer, OfflinePunctuation } = classes;
    const tokens = await readTokens(graphs);
    const loaded = guardedSync(() => ({
      recognizer: new OfflineRecognizer(recognizerConfig(graphs, '')),
      punctuation:
        graphs.punctuation === null
          ? null
          : new OfflinePunctuation({
              model: { ctTransformer: graphs.punctuation, numThreads: 1, provider: 'cpu' },
            }),
      addon,
    }));

    return new Sherpa(graphs, loaded, tokens);
  }

  get idle(): number {
    return this.#occupancy.idle;
  }

  onIdle(listener: () => void): void {
    this.#occupancy.onIdle(listener);
  }

  async decode(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    if (!this.#loaded) throw new RecognizerError('closed', 'The model has been closed.');
    validateBatch(batch, this.capabilities);
    const loaded = this.#loaded;

    return this.#occupancy.run(async () => {
      const startedAt = performance.now();
      const hypotheses = batch.map((segment) => this.#hear(segment, loaded));
      const inferenceMs = performance.now() - startedAt;
      // What the garbage collector has given up is freed in a turn of the event loop, which a thread of the pool, waiting for
      // its next task, does not come to by itself.
      await setImmediate();

      return {
        hypotheses,
        inferenceMs,
        passes: 0,
        guessedTokens: 0,
        acceptedTokens: 0,
      };
    });
  }

  async close(): Promise<void> {
    this.#loaded = null;
    this.#occupancy.close();
  }

  #hear(segment: SpeechSegment, { recognizer, punctuation, addon }: Loaded): Hypothesis {
    const { model } = this.#graphs;
    const config = this.#newLanguage(segment.language);
    const hotWords = segment.hotWords && this.#hotWords?.write(segment.hotWords);
    const samples = longEnough(segment.samples);
    const { result, text } = guardedSync(() => {
      if (config) recognizer.setConfig(config);
      // Only a recogniser for hot words takes an argument: another would end the process.
      const stream = hotWords ? recognizer.createStream(hotWords) : recognizer.createStream();
      stream.acceptWaveform({ samples, sampleRate: SAMPLE_RATE });
      recognizer.decode(stream);
      const heard = parseResult(addon.getOfflineStreamResultAsJson(stream.handle));

      return {
        result: heard,
        text: punctuation && heard.text !== '' ? punctuation.addPunct(heard.text) : heard.text,
      };
    });

    return readResult(
      result,
      text,
      model.family,
      this.#tokens,
      (segment.samples.length * 1000) / SAMPLE_RATE,
    );
  }

  /** What sherpa-onnx is to be told before a segment in this language; null where nothing changes. */
  #newLanguage(language: string | null): OfflineRecognizerConfig | null {
    const { model } = this.#graphs;
    if (model.family !== 'whisper') return null;
    const code = whisperCode(language, model.languageCodes);
    if (code === this.#language) return null;
    this.#language = code;

    return recognizerConfig(this.#graphs, code);
  }
}

function longEnough(samples: Float32Array): Float32Array {
  if (samples.length >= MIN_SAMPLES) return samples;
  const longer = new Float32Array(MIN_SAMPLES);
  longer.set(samples);

  return longer;
}
