import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Packaging } from '../../inference/sensevoice/layout.ts';
import { type SenseVoiceGraphShape, senseVoiceGraph } from './tiny-sensevoice-graph.ts';

/** Features of a stacked frame. */
const WIDTH = 560;

/** Tags first, as far as the queries of the tiny model bring them up; then pieces of all kinds. */
const TAGS = [
  ...['zh', 'en', 'yue', 'ja', 'ko', 'nospeech'],
  ...['NEUTRAL', 'HAPPY', 'Speech', 'Laughter', 'withitn', 'woitn'],
].map((name) => `<|${name}|>`);
const PIECES = [
  ...['▁the', '▁and', '▁of', 'ing', 's', '▁speak', 'er', '▁a', "'", '.', ',', '▁two', '▁three', 'teen', 'ly'],
  ...['你', '好', '我', '们', '的', '是', '在', '。', '，', '会', '议', '一', '二', '三'],
  ...[
    'です',
    'ま',
    'す',
    'の',
    'は',
    'を',
    'ー',
    'ン',
    '▁안녕',
    '하',
    '세요',
    '▁네',
    '▁그',
    '래서',
    '▁',
    'x',
  ],
];

/** The vocabulary of a tiny model, the blank at 0. */
export const TINY_PIECES: readonly string[] = ['<blank>', '<s>', '</s>', '<unk>', ...TAGS, ...PIECES];

/** Fun-ASR-Nano's: bytes, and the blank last. */
const NANO_PIECES: readonly Buffer[] = [...PIECES, '<blank>'].map((piece) =>
  Buffer.from(piece.replace('▁', ' ')),
);

/** How a tiny model is made. */
export interface TinySenseVoiceOptions {
  readonly packaging: Packaging;
  /** The same weights for the same number. */
  readonly seed?: number;
  /** Whether its products are made with bytes, scaled over the whole tensor, as those of `model.int8.onnx` are. */
  readonly quantized?: boolean;
  /** Written over what sherpa-onnx' export says; undefined leaves it out. */
  readonly metadata?: Readonly<Record<string, string | undefined>>;
  /** The only pieces it ever hears, if not all. */
  readonly pieces?: readonly string[];
}

/**
 * Writes a SenseVoice with pseudo-random weights and some 60 tokens into a folder: the inputs, outputs, metadata and
 * files beside it are those of the published exports.
 */
export async function writeTinySenseVoice(folder: string, options: TinySenseVoiceOptions): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { packaging, seed = 1, quantized = false, pieces } = options;
  const nano = packaging === 'fun-asr-nano';
  const shape: SenseVoiceGraphShape = {
    packaging,
    seed,
    quantized,
    vocabulary: nano ? NANO_PIECES.length : TINY_PIECES.length,
    blank: nano ? NANO_PIECES.length - 1 : 0,
    tags: {
      // By query: auto, event, emotion, then languages and text normalisation by SenseVoice's own numbers.
      ...{ 0: tag('en'), 1: tag('HAPPY'), 2: tag('Laughter'), 3: tag('zh'), 4: tag('en'), 7: tag('yue') },
      ...{ 11: tag('ja'), 12: tag('ko'), 13: tag('nospeech'), 14: tag('withitn'), 15: tag('woitn') },
    },
    silent: nano ? [] : silentTokens(pieces ?? PIECES),
  };
  const normalisation = { shift: statistics(seed, -13, 2), scale: statistics(seed + 1, 0.25, 0.05) };
  const write = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content);
  const metadata = packaging === 'funasr' ? {} : sherpaMetadata(shape, normalisation, options.metadata);
  const name = quantized ? (packaging === 'funasr' ? 'model_quant.onnx' : 'model.int8.onnx') : 'model.onnx';
  await write(name, senseVoiceGraph(shape, metadata));
  if (packaging === 'funasr') {
    await write('tokens.json', JSON.stringify(TINY_PIECES));
    await write('am.mvn', amMvn(normalisation));
    await write('config.yaml', CONFIG_YAML);
  } else {
    const pieces = nano ? NANO_PIECES.map((bytes) => bytes.toString('base64')) : TINY_PIECES;
    await write('tokens.txt', pieces.map((piece, id) => `${piece} ${id}\n`).join(''));
  }
}

/** All but the blank and these. */
function silentTokens(pieces: readonly string[]): readonly number[] {
  return TINY_PIECES.flatMap((piece, id) => (id === 0 || pieces.includes(piece) ? [] : [id]));
}

function tag(name: string): number {
  return TINY_PIECES.indexOf(`<|${name}|>`);
}

interface Normalisation {
  readonly shift: readonly string[];
  readonly scale: readonly string[];
}

/** Numbers around `centre`, as text. */
function statistics(seed: number, centre: number, spread: number): readonly string[] {
  return Array.from({ length: WIDTH }, (_, i) => (centre + spread * Math.sin(seed + 12.9898 * i)).toFixed(6));
}

/** What sherpa-onnx' `export-onnx.py` and `export_onnx_nano.py` write down. */
function sherpaMetadata(
  { packaging, vocabulary, blank }: SenseVoiceGraphShape,
  { shift, scale }: Normalisation,
  changes: TinySenseVoiceOptions['metadata'] = {},
): Record<string, string> {
  const nano = packaging === 'fun-asr-nano';
  const common = {
    ...{ lfr_window_size: '7', lfr_window_shift: '6', normalize_samples: '0', model_type: 'sense_voice_ctc' },
    ...{ version: '2', maintainer: 'k2-fsa', vocab_size: String(vocabulary) },
  };
  const ids = {
    ...{ lang_auto: '0', lang_zh: '3', lang_en: '4', lang_yue: '7', lang_ja: '11', lang_ko: '12' },
    ...{ lang_nospeech: '13', with_itn: '14', without_itn: '15' },
  };
  const all: Record<string, string | undefined> = nano
    ? { ...common, comment: 'FunAudioLLM/Fun-ASR-Nano-2512', blank_id: String(blank), ...changes }
    : {
        ...common,
        ...ids,
        comment: 'iic/SenseVoiceSmall',
        neg_mean: shift.join(','),
        inv_stddev: scale.join(','),
        ...changes,
      };

  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Kaldi's text of an affine transform, as FunASR ships it. */
function amMvn({ shift, scale }: Normalisation): string {
  return `<Nnet>
<Splice> ${WIDTH} ${WIDTH}
[ 0 ]
<AddShift> ${WIDTH} ${WIDTH}
<LearnRateCoef> 0 [ ${shift.join(' ')} ]
<Rescale> ${WIDTH} ${WIDTH}
<LearnRateCoef> 0 [ ${scale.join(' ')} ]
</Nnet>
`;
}

const CONFIG_YAML = `encoder: SenseVoiceEncoderSmall
frontend: WavFrontend
frontend_conf:
    fs: 16000
    window: hamming
    n_mels: 80
    frame_length: 25
    frame_shift: 10
    lfr_m: 7
    lfr_n: 6
`;
