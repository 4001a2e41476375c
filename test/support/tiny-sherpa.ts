import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSherpa } from '../../inference/sherpa/open-sherpa.ts';
import type { SherpaGraphs } from '../../inference/sherpa/sherpa-graphs.ts';
import { SUBSAMPLING } from './random-graph.ts';
import {
  nemoCtc,
  nemoTransducer,
  paraformer,
  whisper,
  zipformerCtc,
  zipformerTransducer,
} from './tiny-sherpa-graphs.ts';

/** Kinds of models that can be made small. */
export const TINY_KINDS = [
  ...(['zipformer-ctc', 'nemo-ctc', 'paraformer'] as const),
  ...(['zipformer-transducer', 'nemo-transducer', 'whisper'] as const),
];
export type TinyKind = (typeof TINY_KINDS)[number];

/** Pieces of words, as sentencepiece writes them, one for each letter among them. */
export const PIECES: readonly string[] = [
  ...['▁THE', '▁AND', '▁OF', 'ING', 'S', '▁SPEAK', 'ER', '▁A', "'", '▁TWO', '▁THREE', 'TEEN', 'LY', '▁'],
  ...['▁I', '▁YOU', '▁WE', '▁IT', '▁TO', '▁IN', '▁IS', '▁NO', '▁YES', '▁ONE', '▁OR', '▁BUT', '▁SO', '▁ALL'],
  ...'ABCDEFGHIJKLMNOPQRTUVWXYZ',
];
const CHARACTERS = [
  '你',
  '好',
  '我',
  '们',
  '的',
  '是',
  '在',
  '会',
  '议',
  '一',
  '二',
  '三',
  '四',
  '五',
  '百',
  '十',
];
/** Paraformer's: what ends with @@ goes on. */
const PARAFORMER_PIECES = [...CHARACTERS, 'hel@@', 'lo', 'the', 'meet@@', 'ing'];
const ICEFALL = { version: '1', model_author: 'k2-fsa' };
const NEMO = { vocab_size: '', normalize_type: 'per_feature', subsampling_factor: String(SUBSAMPLING) };

/** How a tiny model is made. */
export interface TinySherpaOptions {
  readonly seed?: number;
  /** Written over the metadata of the graph that has it; undefined leaves it out. */
  readonly metadata?: Readonly<Record<string, string | undefined>>;
  /** What its files are called in place of the usual: `.int8.onnx`. */
  readonly ending?: string;
  /** Its pieces, for a transducer. */
  readonly pieces?: readonly string[];
}

/** Writes a model with pseudo-random weights as sherpa-onnx publishes its kind. */
export async function writeTinySherpa(
  folder: string,
  kind: TinyKind,
  options: TinySherpaOptions = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { seed = 1, ending = '.onnx' } = options;
  const write = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content);
  const metadata = (usual: Record<string, string>) =>
    Object.fromEntries(
      Object.entries({ ...usual, ...options.metadata }).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      ),
    );
  const pieces = options.pieces ?? PIECES;
  if (kind === 'whisper') return writeWhisper(write, seed, ending, metadata);
  if (kind === 'paraformer') {
    const tokens = ['<blank>', '<s>', '</s>', ...PARAFORMER_PIECES, '<unk>'];
    const usual = {
      lfr_window_size: '7',
      lfr_window_shift: '6',
      model_type: 'paraformer',
      model_author: 'damo',
    };
    const statistics = {
      neg_mean: Array.from({ length: 560 }, () => '-9').join(','),
      inv_stddev: Array.from({ length: 560 }, () => '0.2').join(','),
    };
    const all = metadata({ ...usual, ...statistics, vocab_size: String(tokens.length) });
    await write(`model${ending}`, paraformer(seed, tokens.length, all));
    return write('tokens.txt', lines(tokens));
  }
  const icefall = ['<blk>', '<sos/eos>', '<unk>', ...pieces];
  const nemo = ['<unk>', ...pieces, '<blk>'];
  const tokens = kind.startsWith('nemo') ? nemo : icefall;
  await write('tokens.txt', lines(tokens));
  const nemoMetadata = { ...NEMO, vocab_size: String(tokens.length - 1), model_author: 'NeMo' };
  if (kind === 'zipformer-ctc') {
    const all = metadata({
      ...ICEFALL,
      model_type: 'zipformer2_ctc',
      comment: 'non-streaming zipformer2 CTC',
    });
    return write(`model${ending}`, zipformerCtc(seed, tokens.length, all));
  }
  if (kind === 'nemo-ctc') {
    const all = metadata({ ...nemoMetadata, model_type: 'EncDecCTCModelBPE' });
    return write(`model${ending}`, nemoCtc(seed, tokens.length, all));
  }
  const graphs =
    kind === 'zipformer-transducer'
      ? zipformerTransducer(
          seed,
          tokens.length,
          metadata({ ...ICEFALL, model_type: 'zipformer2', comment: 'non-streaming zipformer2' }),
        )
      : nemoTransducer(
          seed,
          tokens.length,
          metadata({
            ...nemoMetadata,
            pred_rnn_layers: '1',
            pred_hidden: '16',
            model_type: 'EncDecRNNTBPEModel',
          }),
        );
  const suffix = kind === 'zipformer-transducer' ? '-epoch-99-avg-1' : '';
  for (const [part, graph] of Object.entries(graphs)) await write(`${part}${suffix}${ending}`, graph);
}

/** Writes a `bpe.vocab` for a tiny transducer, in which longer pieces are likelier. */
export async function writeBpeVocab(folder: string, pieces: readonly string[] = PIECES): Promise<void> {
  const scored = pieces.map((piece) => `${piece}\t-${Array.from(piece.replace('▁', '')).length > 1 ? 2 : 6}`);
  await writeFile(join(folder, 'bpe.vocab'), ['<unk>\t0', '<s>\t0', '</s>\t0', ...scored].join('\n'));
}

/** Tokens of a tiny Whisper: bytes first, then what is never said. */
const WHISPER_TEXT = [
  ...Array.from('abcdefghijklmnopqrstuvwxyz'),
  ' the',
  ' and',
  ' speak',
  'ing',
  ' two',
  '.',
  ',',
];

async function writeWhisper(
  write: (name: string, content: string | Uint8Array) => Promise<void>,
  seed: number,
  ending: string,
  metadata: (usual: Record<string, string>) => Record<string, string>,
): Promise<void> {
  const end = WHISPER_TEXT.length;
  const [start, english, german, chinese, transcribe] = [1, 2, 3, 4, 5].map((i) => end + i) as [
    ...[number, number, number, number, number],
  ];
  const vocabulary = end + 20;
  const shape = { vocabulary, endToken: end, firstSpecial: end + 1, context: 64 };
  const usual = {
    ...{ model_type: 'whisper-tiny', version: '1', maintainer: 'k2-fsa', n_mels: '80', n_audio_ctx: '1500' },
    ...{ n_text_layer: '1', n_text_ctx: '64', n_text_state: '16', n_vocab: String(vocabulary) },
    ...{ sot: String(start), sot_index: '0', eot: String(end), blank_id: '0', is_multilingual: '1' },
    ...{ no_speech: String(end + 7), translate: String(end + 6), transcribe: String(transcribe) },
    ...{ no_timestamps: String(end + 8), sot_sequence: [start, english, transcribe].join(',') },
    ...{ all_language_tokens: [english, german, chinese].join(','), all_language_codes: 'en,de,zh' },
  };
  const graphs = whisper(seed, shape, metadata(usual));
  await write(`tiny-encoder${ending}`, graphs.encoder);
  await write(`tiny-decoder${ending}`, graphs.decoder);
  await write('tiny-tokens.txt', lines(WHISPER_TEXT.map((text) => Buffer.from(text).toString('base64'))));
}

function lines(tokens: readonly string[]): string {
  return tokens.map((token, id) => `${token} ${id}\n`).join('');
}

/** What `openSherpa` finds in a folder. */
export async function openFolder(folder: string): Promise<SherpaGraphs> {
  const graphs = await openSherpa(await filesOf(folder));
  if (graphs === null) throw new Error('The model was not recognised.');

  return graphs;
}

/** Path of each file in a folder, and in folders inside it, by its name. */
export async function filesOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(folder, { recursive: true });

  return Object.fromEntries(names.map((name) => [name, join(folder, name)]));
}

/** Tiny models in folders of their own, all of which are removed together. */
export class TinySherpaModels {
  readonly #folders: string[] = [];

  /** An empty folder. */
  async folder(name = 'model'): Promise<string> {
    const parent = await mkdtemp(join(tmpdir(), 'roundtable-sherpa-'));
    this.#folders.push(parent);
    const folder = join(parent, name);
    await mkdir(folder);

    return folder;
  }

  /** A folder with a tiny model in it. */
  async write(kind: TinyKind, options: TinySherpaOptions = {}, name?: string): Promise<string> {
    const folder = await this.folder(name);
    await writeTinySherpa(folder, kind, options);

    return folder;
  }

  /** A tiny model, ready to be loaded. */
  async open(kind: TinyKind, options: TinySherpaOptions = {}): Promise<SherpaGraphs> {
    return openFolder(await this.write(kind, options));
  }

  async remove(): Promise<void> {
    for (const folder of this.#folders.splice(0)) await rm(folder, { recursive: true });
  }
}
