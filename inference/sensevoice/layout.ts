import type { ElementType } from '../onnx/onnx-model.ts';

/** Who put a model into a file, and so what its graph takes: see `packaging.ts`. */
export type Packaging = 'sherpa-onnx' | 'funasr' | 'fun-asr-nano';

/** Languages that can be asked for by name. */
export type QueryLanguage = 'auto' | 'zh' | 'en' | 'yue' | 'ja' | 'ko';

/** Graph inputs by what they are for, and the numbers that stand for what can be asked. */
export interface Queries {
  /** How many features there are in each row. */
  readonly lengths: string;
  readonly language: string;
  readonly textNormalisation: string;
  /** Type of the three above. */
  readonly elementType: typeof ElementType.int32 | typeof ElementType.int64;
  readonly languageIds: Readonly<Record<QueryLanguage, number>>;
  /** With punctuation, capitals and digits, or as spoken. */
  readonly withItn: number;
  readonly withoutItn: number;
}

/** All that has to be known of a model's file to run it. Plain data: it is sent to threads. */
export interface SenseVoiceLayout {
  readonly packaging: Packaging;
  /** Graph input `[rows, stacked frames, 80 × window]`, and output `[rows, tag positions + stacked frames, vocabulary]`. */
  readonly features: string;
  readonly logits: string;
  /** Null for a graph that takes nothing but features, one row at a time. */
  readonly queries: Queries | null;
  /** Positions before the first that stands for speech. */
  readonly tagPositions: number;
  readonly blank: number;
  readonly vocabularySize: number;
  /** What samples in [-1, 1] are multiplied with. */
  readonly sampleScale: number;
  /** Filterbank frames in a stacked frame, and steps from one to the next. */
  readonly stackWindow: number;
  readonly stackStep: number;
  /** Added to, and then multiplied with each stacked feature; null for a model that normalises by itself. */
  readonly normalisation: { readonly shift: readonly number[]; readonly scale: readonly number[] } | null;
  /** Whether rows may share a run, and do so without changing each other. */
  readonly sharesRuns: boolean;
  /** BCP 47 primary tags. */
  readonly languages: readonly string[];
}

/** A model that can be loaded. Plain data. */
export interface SenseVoiceGraphs {
  readonly kind: 'sensevoice';
  /** Paths. */
  readonly model: string;
  readonly tokens: string;
  readonly layout: SenseVoiceLayout;
  /** Whether text is wanted with punctuation, capitals and digits. */
  readonly itn: boolean;
  /**
   * Whether rows of any lengths share a run, shorter ones padded and masked: for GPUs. What is heard may then differ in the last
   * bit of a score. No when left out.
   */
  readonly pads?: boolean;
}

/** The same model for GPUs, where its graph takes lengths to mask what rows are padded with. */
export function forGpus(graphs: SenseVoiceGraphs): SenseVoiceGraphs {
  const { queries, sharesRuns } = graphs.layout;

  return { ...graphs, pads: queries !== null && sharesRuns };
}
