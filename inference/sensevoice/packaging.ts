import { ModelFilesError } from '../model-files-error.ts';
import type { ModelHeader } from '../onnx/model-header.ts';
import { ElementType } from '../onnx/onnx-model.ts';
import { checkLayout } from './check-layout.ts';
import { input, metadataList, metadataNumber, output } from './header-lookup.ts';
import type { Packaging, Queries, SenseVoiceLayout } from './layout.ts';
import { MEL_BINS } from './mel-filters.ts';

/** What the front end of FunASR's export is told by files beside the graph: `am.mvn` and `config.yaml`. */
export interface FrontEndFiles {
  readonly normalisation: NonNullable<SenseVoiceLayout['normalisation']>;
  readonly stackWindow: number;
  readonly stackStep: number;
}

/** SenseVoice's own numbers, as `model.py` of FunAudioLLM/SenseVoice has them; sherpa-onnx' exports repeat them. */
const LANGUAGE_IDS = { auto: 0, zh: 3, en: 4, yue: 7, ja: 11, ko: 12 } as const;
const [WITH_ITN, WITHOUT_ITN] = [14, 15];
/** Language, emotion, sound event, text normalisation. */
const TAG_POSITIONS = 4;
const INT16_SCALE = 32_768;

const LANGUAGES = ['zh', 'en', 'yue', 'ja', 'ko'];
/** Fun-ASR-Nano-2512, and Fun-ASR-MLT-Nano-2512 with 28 more. */
const NANO_LANGUAGES = ['zh', 'en', 'ja'];
const MLT_NANO_LANGUAGES = [
  ...['zh', 'en', 'yue', 'ja', 'ko', 'vi', 'id', 'th', 'ms', 'fil', 'ar', 'hi', 'bg', 'hr', 'cs', 'da'],
  ...['nl', 'et', 'fi', 'el', 'hu', 'ga', 'lv', 'lt', 'mt', 'pl', 'pt', 'ro', 'sk', 'sl', 'sv'],
];

/** Operators that round a whole tensor by its largest number, so that rows in one run change each other. */
const SHARED_SCALE_OPERATORS = ['DynamicQuantizeLinear', 'DynamicQuantizeLSTM', 'DynamicQuantizeMatMul'];

/**
 * Whose export a graph is, by what it takes; null when it is none of the three. A graph that has half of what one takes
 * is named by `describeLayout`.
 */
export function packagingOf(header: ModelHeader): Packaging | null {
  const names = new Set(header.inputs.map(({ name }) => name));
  if (names.has('speech') && names.has('speech_lengths')) return 'funasr';
  if (!names.has('x') || !header.metadata.has('lfr_window_size')) return null;

  return header.metadata.get('comment')?.includes('Nano') ? 'fun-asr-nano' : 'sherpa-onnx';
}

/**
 * Reads all that has to be known of a graph from what its file says.
 * @param tokens how many the vocabulary beside it has.
 * @param files what lies beside it for the front end; FunASR's exports cannot do without.
 * @throws {ModelFilesError} when something is missing, or contradicts something else.
 */
export function describeLayout(
  header: ModelHeader,
  packaging: Packaging,
  tokens: number,
  files: FrontEndFiles | null,
): SenseVoiceLayout {
  const layout =
    packaging === 'funasr' ? funAsrLayout(header, tokens, files) : sherpaLayout(header, packaging);
  checkLayout(header, layout, tokens);

  return layout;
}

function funAsrLayout(header: ModelHeader, tokens: number, files: FrontEndFiles | null): SenseVoiceLayout {
  if (!files) {
    throw new ModelFilesError(
      "FunASR's export of SenseVoice needs its am.mvn beside it: copy that file as well.",
    );
  }
  const logits = output(header, 'ctc_logits');

  return {
    packaging: 'funasr',
    features: input(header, 'speech').name,
    logits: logits.name,
    queries: {
      ...queryInputs(header, { lengths: 'speech_lengths', textNormalisation: 'textnorm' }),
      languageIds: LANGUAGE_IDS,
      withItn: WITH_ITN,
      withoutItn: WITHOUT_ITN,
    },
    tagPositions: TAG_POSITIONS,
    blank: 0,
    vocabularySize: logits.shape?.at(-1) ?? tokens,
    sampleScale: INT16_SCALE,
    ...files,
    sharesRuns: sharesRuns(header),
    languages: LANGUAGES,
  };
}

function sherpaLayout(header: ModelHeader, packaging: Packaging): SenseVoiceLayout {
  const { metadata } = header;
  const number = (key: string) => metadataNumber(metadata, key);
  const nano = packaging === 'fun-asr-nano';
  const width = MEL_BINS * number('lfr_window_size');

  return {
    packaging,
    features: input(header, 'x').name,
    logits: output(header, 'logits').name,
    queries: nano ? null : sherpaQueries(header),
    tagPositions: nano ? 0 : TAG_POSITIONS,
    blank: metadata.has('blank_id') ? number('blank_id') : 0,
    vocabularySize: number('vocab_size'),
    sampleScale: number('normalize_samples') === 0 ? INT16_SCALE : 1,
    stackWindow: number('lfr_window_size'),
    stackStep: number('lfr_window_shift'),
    normalisation: nano
      ? null
      : {
          shift: metadataList(metadata, 'neg_mean', width),
          scale: metadataList(metadata, 'inv_stddev', width),
        },
    sharesRuns: sharesRuns(header),
    languages: nano ? nanoLanguages(metadata) : LANGUAGES,
  };
}

function sherpaQueries(header: ModelHeader): Queries {
  const number = (key: string) => metadataNumber(header.metadata, key);

  return {
    ...queryInputs(header, { lengths: 'x_length', textNormalisation: 'text_norm' }),
    languageIds: {
      auto: number('lang_auto'),
      zh: number('lang_zh'),
      en: number('lang_en'),
      yue: number('lang_yue'),
      ja: number('lang_ja'),
      ko: number('lang_ko'),
    },
    withItn: number('with_itn'),
    withoutItn: number('without_itn'),
  };
}

function nanoLanguages(metadata: ReadonlyMap<string, string>): readonly string[] {
  return metadata.get('comment')!.includes('MLT') ? MLT_NANO_LANGUAGES : NANO_LANGUAGES;
}

/** Not where the graph is made for one row, or rounds all rows together. */
function sharesRuns({ inputs, operators }: ModelHeader): boolean {
  const isOpen = inputs.every(({ shape }) => (shape?.[0] ?? null) === null);

  return isOpen && !SHARED_SCALE_OPERATORS.some((operator) => operators.has(operator));
}

function queryInputs(
  header: ModelHeader,
  names: { readonly lengths: string; readonly textNormalisation: string },
): Pick<Queries, 'lengths' | 'language' | 'textNormalisation' | 'elementType'> {
  const values = [names.lengths, 'language', names.textNormalisation].map((name) => input(header, name));
  const elementType = values[0]!.elementType;
  if (elementType !== ElementType.int32 && elementType !== ElementType.int64) {
    throw new ModelFilesError(
      `The model's input ${names.lengths} takes no whole numbers: it is no SenseVoice.`,
    );
  }
  for (const { name, elementType: type, shape } of values) {
    if (type !== elementType || (shape !== null && shape.length !== 1)) {
      throw new ModelFilesError(
        `The model's input ${name} is not as in the published exports: export it with a newer version of FunASR.`,
      );
    }
  }

  return { ...names, language: 'language', elementType };
}
