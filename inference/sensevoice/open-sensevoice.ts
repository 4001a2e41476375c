import { basename } from 'node:path';
import { ModelFilesError } from '../model-files-error.ts';
import { readModelHeader } from '../onnx/model-header.ts';
import { readFrontEndFiles } from './front-end-files.ts';
import type { Packaging, SenseVoiceGraphs } from './layout.ts';
import { describeLayout, packagingOf } from './packaging.ts';
import { readVocabulary } from './vocabulary.ts';

/** Names that the published packagings give the same graph in bytes and in floats. */
const BYTES = ['model.int8.onnx', 'model_quant.onnx'];
const FLOATS = ['model.onnx'];
/** Of FunASR's tools, and of those that convert for browsers. */
const HALVES = ['model.fp16.onnx', 'model_fp16.onnx'];
/** Which of them is wanted, from the best to whatever there is. */
const CHOICES = {
  bytes: [...BYTES, ...FLOATS, ...HALVES],
  floats: [...FLOATS, ...HALVES, ...BYTES],
  halves: [...HALVES, ...FLOATS, ...BYTES],
} as const;

/** Bytes for processors; floats or halves for GPUs, which are slower with bytes. */
export type GraphChoice = keyof typeof CHOICES;

/** How a model is to be run. */
export interface OpeningOptions {
  /** Which graph is preferred where there are several. */
  readonly graph: GraphChoice;
  /** Whether text is wanted with punctuation, capitals and digits. */
  readonly itn: boolean;
}

/**
 * Finds SenseVoice, or the CTC half of Fun-ASR-Nano, among the files of a folder, and reads what is to be known of it.
 * @param files path of each by its name.
 * @returns null when it is another kind of model.
 * @throws {ModelFilesError} when files are missing or contradict each other, or are of an export that is not known.
 */
export async function openSenseVoice(
  files: Readonly<Record<string, string>>,
  { graph: choice, itn }: OpeningOptions,
): Promise<SenseVoiceGraphs | null> {
  const model = graphAmong(files, choice);
  if (model === null) return null;
  const header = await readModelHeader(model);
  const packaging = packagingOf(header);
  if (packaging === null) {
    if (!header.inputs.some(({ name }) => name === 'speech')) return null;
    throw new ModelFilesError(
      `${basename(model)} takes speech without its queries: it is an encoder of FunASR's by itself. Use FunASR's export of SenseVoice, or sherpa-onnx'.`,
    );
  }
  const tokens = vocabularyAmong(files, packaging);
  const vocabulary = await readVocabulary(tokens, packaging === 'fun-asr-nano');
  const amMvn = files['am.mvn'];
  const frontEnd =
    packaging === 'funasr' && amMvn ? await readFrontEndFiles(amMvn, files['config.yaml'] ?? null) : null;

  return {
    kind: 'sensevoice',
    model,
    tokens,
    layout: describeLayout(header, packaging, vocabulary.size, frontEnd),
    itn,
  };
}

/** The graph of the wanted precision, or the other; or the only one, whatever it is called. */
function graphAmong(files: Readonly<Record<string, string>>, choice: GraphChoice): string | null {
  const name = CHOICES[choice].find((candidate) => files[candidate] !== undefined);
  if (name !== undefined) return files[name]!;
  const graphs = Object.keys(files).filter((candidate) => candidate.endsWith('.onnx'));

  return graphs.length === 1 ? files[graphs[0]!]! : null;
}

function vocabularyAmong(files: Readonly<Record<string, string>>, packaging: Packaging): string {
  const names = Object.keys(files);
  const found =
    packaging === 'funasr'
      ? (names.find((name) => name === 'tokens.json') ?? names.find((name) => name.endsWith('.bpe.model')))
      : undefined;
  const name = found ?? names.find((candidate) => candidate === 'tokens.txt');
  if (name === undefined) {
    const wanted = packaging === 'funasr' ? 'tokens.json' : 'tokens.txt';
    throw new ModelFilesError(
      `There is no ${wanted} beside the model: copy that file of its export as well.`,
    );
  }

  return files[name]!;
}
