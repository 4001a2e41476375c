import { Tensor } from 'onnxruntime-node';
import type { Device } from '../device.ts';
import { Occupancy } from '../occupancy.ts';
import {
  type DecodeResult,
  type HotWords,
  type Hypothesis,
  type Recognizer,
  type RecognizerCapabilities,
  RecognizerError,
  type SpeechSegment,
  validateBatch,
} from '../recognizer.ts';
import { Session } from '../session.ts';
import { senseVoiceCapabilities } from './capabilities.ts';
import { type Features, FrontEnd, positionMs } from './front-end.ts';
import { greedyCtc, likeliest } from './greedy-ctc.ts';
import { hotWordCtc } from './hot-word-ctc.ts';
import { HotWordGraphs } from './hot-word-graphs.ts';
import type { SenseVoiceGraphs } from './layout.ts';
import { queryTensors } from './queries.ts';
import { bucketFrames, runGroups } from './run-groups.ts';
import { spokenText } from './spoken-text.ts';
import { readTags } from './tags.ts';
import { readVocabulary, type Vocabulary } from './vocabulary.ts';

/**
 * What SenseVoice makes of sounds that are no speech: a full stop by itself, or this word, which FunASR's
 * `rich_transcription_postprocess` deletes as well.
 */
const HALLUCINATION = 'The.';
const SPOKEN = /[\p{L}\p{N}]/u;

/**
 * SenseVoice (An et al. 2024, "FunAudioLLM: Voice Understanding and Generation Foundation Models for Natural Interaction
 * Between Humans and LLMs"), and the CTC half of Fun-ASR-Nano: an encoder over filterbank features that gives, for each
 * 60 ms, the likelihood of each token, and before those of language, emotion and sound event. One run a batch.
 *
 * Segments share a run only when they have as many frames, and then each row is computed as it would be alone: attention
 * sums over the frames of a row, and padding would change in which order.
 */
export class SenseVoice implements Recognizer {
  readonly capabilities: RecognizerCapabilities;
  readonly #occupancy: Occupancy;
  readonly #graphs: SenseVoiceGraphs;
  readonly #session: Session;
  readonly #vocabulary: Vocabulary;
  readonly #frontEnd: FrontEnd;
  readonly #hotWords: HotWordGraphs;
  #closed = false;

  private constructor(graphs: SenseVoiceGraphs, session: Session, vocabulary: Vocabulary) {
    this.capabilities = { ...senseVoiceCapabilities(graphs), concurrency: 1 };
    this.#occupancy = new Occupancy(this.capabilities.concurrency);
    this.#graphs = graphs;
    this.#session = session;
    this.#vocabulary = vocabulary;
    this.#frontEnd = new FrontEnd(graphs.layout);
    this.#hotWords = new HotWordGraphs(vocabulary, graphs.layout.packaging === 'fun-asr-nano');
  }

  /** @throws when a file is missing, is no such graph, or the device cannot be had. */
  static async load(graphs: SenseVoiceGraphs, device: Device): Promise<SenseVoice> {
    const vocabulary = await readVocabulary(graphs.tokens, graphs.layout.packaging === 'fun-asr-nano');

    return new SenseVoice(graphs, await Session.load(graphs.model, device), vocabulary);
  }

  get idle(): number {
    return this.#occupancy.idle;
  }

  onIdle(listener: () => void): void {
    this.#occupancy.onIdle(listener);
  }

  async decode(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    if (this.#closed) throw new RecognizerError('closed', 'The model has been closed.');
    validateBatch(batch, this.capabilities);

    return this.#occupancy.run(() => this.#decode(batch));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#occupancy.close();
    await this.#session.release();
  }

  async #decode(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    const startedAt = performance.now();
    const features = batch.map(({ samples }) => this.#frontEnd.extract(samples));
    const hypotheses = batch.map((): Hypothesis => NOTHING);
    const frames = features.map((each) => each.frames);
    const { layout, pads } = this.#graphs;
    for (const group of runGroups(frames, layout, pads)) {
      const languages = group.map((index) => batch[index]!.language);
      const logits = await this.#run(
        group.map((index) => features[index]!),
        languages,
      );
      for (const [row, index] of group.entries()) {
        hypotheses[index] = this.#read(logits, row, frames[index]!, batch[index]!.hotWords);
      }
    }

    return {
      hypotheses,
      inferenceMs: performance.now() - startedAt,
      passes: 0,
      guessedTokens: 0,
      acceptedTokens: 0,
    };
  }

  /** Logits of rows of equal length, or padded to one. */
  async #run(rows: readonly Features[], languages: readonly (string | null)[]): Promise<Tensor> {
    const { layout, itn, pads } = this.#graphs;
    const own = rows.map((row) => row.frames);
    const frames = pads ? bucketFrames(own[0]!) : own[0]!;
    const { width } = this.#frontEnd;
    const isWhole = rows.length === 1 && own[0] === frames;
    const values = isWhole ? rows[0]!.values : new Float32Array(rows.length * frames * width);
    if (!isWhole) for (const [i, row] of rows.entries()) values.set(row.values, i * frames * width);
    const outputs = await this.#session.run(
      {
        [layout.features]: new Tensor('float32', values, [rows.length, frames, width]),
        ...(layout.queries && queryTensors(layout.queries, own, languages, itn)),
      },
      [layout.logits],
    );
    const logits = outputs[layout.logits] as Tensor;
    const [count, positions, vocabulary] = logits.dims;
    const expected = layout.queries ? frames + layout.tagPositions : positions;
    if (count !== rows.length || positions !== expected || vocabulary !== layout.vocabularySize) {
      throw new Error(
        `The model gave a result of the shape ${logits.dims.join(' × ')}: it is no SenseVoice.`,
      );
    }

    return logits;
  }

  /** What one row says. @param frames of its own: what comes behind is padding. */
  #read(logits: Tensor, row: number, frames: number, hotWords: HotWords | undefined): Hypothesis {
    const { layout } = this.#graphs;
    const { tagPositions, vocabularySize, blank } = layout;
    const scores = logits.data as Float32Array;
    const positions = logits.dims[1]!;
    const first = row * positions;
    const tags = Array.from({ length: tagPositions }, (_, position) =>
      this.#vocabulary.tag(likeliest(scores, (first + position) * vocabularySize, vocabularySize)),
    );
    const begin = first + tagPositions;
    const count = layout.queries ? frames : positions - tagPositions;
    const heard = hotWords
      ? hotWordCtc(scores, vocabularySize, begin, count, blank, this.#hotWords.of(hotWords))
      : greedyCtc(scores, vocabularySize, begin, count, blank);
    const spoken = spokenText(heard, this.#vocabulary, (position) => positionMs(layout, position));
    const named = readTags(tags.filter((tag) => tag !== null));
    if (spoken.text === HALLUCINATION || !SPOKEN.test(spoken.text)) return { ...NOTHING, ...named };
    const logProbs = spoken.tokens.map(({ logProb }) => logProb);

    return {
      text: spoken.text,
      tokens: spoken.tokens.map(({ id }) => id),
      meanLogProb: logProbs.reduce((sum, logProb) => sum + logProb, 0) / logProbs.length,
      cut: null,
      words: spoken.words,
      ...named,
    };
  }
}

/** What is heard where nothing is said. */
const NOTHING: Hypothesis = { text: '', tokens: [], meanLogProb: null, cut: null, words: [] };
