import { basename, dirname } from 'node:path';
import { SAMPLE_RATE } from '../recognizer.ts';
import { checkTokens } from './check-tokens.ts';
import { findFunAsrNano, findMoonshine } from './find-by-name.ts';
import { findGraphs } from './find-graphs.ts';
import { languageTag } from './heard.ts';
import { findHotWordUnits } from './hot-word-units.ts';
import { FUN_ASR_NANO_LANGUAGES, languagesOf, WHISPER_ENGLISH } from './languages.ts';
import { ModelFolder } from './model-folder.ts';
import type { SherpaGraphs, SherpaModel } from './sherpa-graphs.ts';
import { findPunctuation, findRules } from './text-stages.ts';
import { readPieces } from './tokens.ts';

/** Of 30 s Whisper leaves half a second, and some of it, to hear the end by. */
const WHISPER_SAMPLES = 29 * SAMPLE_RATE;
const MAX_SEGMENT_SAMPLES = 30 * SAMPLE_RATE;
/** Vocabularies whose lines are bytes in base64. */
const BASE64: ReadonlySet<SherpaModel['family']> = new Set(['whisper', 'moonshine', 'moonshine-v1']);

/**
 * Finds a model that sherpa-onnx runs among the files of a folder, as its releases pack them, and reads what is to be
 * known of it. SenseVoice is left to the adapter of ours, and Moonshine without a vocabulary beside it, too.
 * @param files path of each by its name; those in folders inside it by `folder/name`.
 * @returns null when it is another kind of model.
 * @throws {ModelFilesError} when files are missing or contradict each other, or it is a kind that cannot be served; a
 * file that cannot be read fails with Node's own error.
 */
export async function openSherpa(files: Readonly<Record<string, string>>): Promise<SherpaGraphs | null> {
  const folder = new ModelFolder(folderName(files), files);
  const found = (await findFunAsrNano(folder)) ?? findMoonshine(folder) ?? (await findGraphs(folder));
  if (!found) return null;
  const { model, tokens, metadata } = found;
  const base64 = BASE64.has(model.family);
  const pieces = tokens === null ? [] : (await readPieces(tokens, base64)).map(([, piece]) => piece);
  checkTokens(found, pieces.length);
  const punctuation = await findPunctuation(folder);
  const rules = findRules(folder);
  const hotWords = model.family === 'transducer' ? await findHotWordUnits(folder, pieces) : null;

  return {
    kind: 'sherpa',
    model,
    tokens,
    base64,
    languages: modelLanguages(folder.name, metadata, model, pieces),
    punctuates: punctuation !== null || punctuates(model, pieces),
    writesDigits: rules.ruleFsts.length + rules.ruleFars.length > 0 || writesDigits(model, pieces),
    hotWords,
    ...rules,
    punctuation,
    maxSegmentSamples: model.family === 'whisper' ? WHISPER_SAMPLES : MAX_SEGMENT_SAMPLES,
  };
}

function folderName(files: Readonly<Record<string, string>>): string {
  const top = Object.entries(files).find(([name]) => !name.includes('/'));

  return top ? basename(dirname(top[1])) : '';
}

function modelLanguages(
  folder: string,
  metadata: ReadonlyMap<string, string>,
  model: SherpaModel,
  pieces: readonly string[],
): readonly string[] {
  if (model.family === 'fun-asr-nano') return FUN_ASR_NANO_LANGUAGES;
  if (model.family !== 'whisper') return languagesOf(folder, metadata, model.family, pieces);

  return model.languageCodes.length > 0 ? model.languageCodes.map(languageTag) : WHISPER_ENGLISH;
}

/** Whether the text has punctuation: a model that was taught it has tokens for it. */
function punctuates({ family }: SherpaModel, pieces: readonly string[]): boolean {
  if (family === 'fun-asr-nano' || family === 'whisper') return true;
  const has = (marks: readonly string[]) => marks.some((mark) => pieces.includes(mark));

  return has(['.', '。', '▁.']) && has([',', '，', '▁,']);
}

/** NeMo's models with punctuation were taught digits, too, where they have tokens for them. */
function writesDigits(model: SherpaModel, pieces: readonly string[]): boolean {
  if (model.family === 'fun-asr-nano' || model.family === 'whisper') return true;
  const isNemo = model.family === 'nemo-ctc' || model.family === 'nemo-transducer';

  return isNemo && punctuates(model, pieces) && pieces.includes('7');
}
