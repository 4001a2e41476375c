import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ModelFilesError } from '../model-files-error.ts';
import type { ModelFolder } from './model-folder.ts';
import type { FoundModel } from './sherpa-graphs.ts';

/** All of them are in each prompt: more would take longer than the speech, and leave it no room. */
const MAX_HOT_WORDS = 100;
const NOTHING_WRITTEN: ReadonlyMap<string, string> = new Map();

/**
 * Fun-ASR-Nano as a whole, by the names that its export gives its parts: `encoder_adaptor`, `llm`, `embedding`, and a folder
 * with the tokenizer of its language model. sherpa-onnx 1.13 takes its hot words when it is loaded, and not by streams, so that
 * they come from a file beside it.
 * @throws {ModelFilesError} when one of them is missing, or there are too many hot words.
 */
export async function findFunAsrNano(folder: ModelFolder): Promise<FoundModel | null> {
  const encoderAdaptor = folder.graph('encoder_adaptor');
  if (encoderAdaptor === null) return null;
  const kind = 'Fun-ASR-Nano';
  const vocabulary =
    folder.allNames.find((name) => /^[^/]+\/vocab\.json$/.test(name)) ?? 'Qwen3-0.6B/vocab.json';
  const tokenizer = vocabulary.slice(0, -'/vocab.json'.length);
  for (const file of ['tokenizer.json', 'vocab.json', 'merges.txt'])
    folder.need(`${tokenizer}/${file}`, kind);

  return {
    model: {
      family: 'fun-asr-nano',
      encoderAdaptor,
      llm: folder.needGraph('llm', kind),
      embedding: folder.needGraph('embedding', kind),
      tokenizer: dirname(folder.need(vocabulary, kind)),
      hotWords: await readHotWords(folder),
    },
    tokens: null,
    metadata: NOTHING_WRITTEN,
  };
}

async function readHotWords(folder: ModelFolder): Promise<readonly string[]> {
  const path = folder.path('hotwords.txt');
  const text = path === null ? '' : await readFile(path, 'utf8');
  // Commas part them for sherpa-onnx.
  const words = text
    .split(/[\n,，]/)
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (words.length > MAX_HOT_WORDS) {
    throw new ModelFilesError(
      `${path} has ${words.length} words, one a line; Fun-ASR-Nano is given ${MAX_HOT_WORDS} at most: leave the most important.`,
    );
  }

  return words;
}

/**
 * Moonshine as sherpa-onnx packs it: in four graphs, or in two with a vocabulary beside them. Its graphs say nothing of
 * themselves. Without the vocabulary the two are those of the English model that the adapter of ours knows.
 * @throws {ModelFilesError} when one of them is missing.
 */
export function findMoonshine(folder: ModelFolder): FoundModel | null {
  const kind = 'Moonshine';
  const preprocessor = folder.graph('preprocess');
  if (preprocessor !== null && folder.graph('encode') !== null) {
    return {
      model: {
        family: 'moonshine-v1',
        preprocessor,
        encoder: folder.needGraph('encode', kind),
        uncachedDecoder: folder.needGraph('uncached_decode', kind),
        cachedDecoder: folder.needGraph('cached_decode', kind),
      },
      tokens: folder.need('tokens.txt', kind),
      metadata: NOTHING_WRITTEN,
    };
  }
  // onnxruntime's own format, or ONNX.
  for (const ending of ['.ort', '.onnx']) {
    const encoder = folder.graph('encoder_model', ending);
    const mergedDecoder = folder.graph('decoder_model_merged', ending);
    if (encoder === null || mergedDecoder === null) continue;
    if (ending === '.onnx' && folder.path('tokens.txt') === null) return null;

    return {
      model: { family: 'moonshine', encoder, mergedDecoder },
      tokens: folder.need('tokens.txt', kind),
      metadata: NOTHING_WRITTEN,
    };
  }

  return null;
}
