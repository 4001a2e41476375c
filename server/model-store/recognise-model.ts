import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { ModelFilesError } from '../../inference/model-files-error.ts';
import { readModelHeader } from '../../inference/onnx/model-header.ts';
import { openSenseVoice } from '../../inference/sensevoice/open-sensevoice.ts';
import { openSherpa } from '../../inference/sherpa/open-sherpa.ts';
import { Failure } from '../failure.ts';
import { hashFile } from './installed-file.ts';
import { contentHashOf, type ResolvedModel } from './resolved-model.ts';

type Files = Readonly<Record<string, string>>;
/** A kind, and the files of it that are used. */
export type Recognised = Pick<ResolvedModel, 'adapter' | 'languages' | 'files'>;

/** Names of graphs that are no model by themselves. */
const PART = /(^|-)(encoder|decoder|joiner|preprocess|encode|(un)?cached_decode|llm|embedding)\b/;

/** Whether a model is named by where it lies rather than by its name in the catalogue: catalogue names have no slash. */
export function isModelPath(name: string): boolean {
  return name.includes('/') || name.includes(sep) || name === '.' || name === '..';
}

/**
 * Finds out what kind of model lies in a folder, or is a file. Its bytes are whatever they are: nobody vouches for them.
 * @throws {Failure} when nothing is there, or it is of no kind that is known, or its files contradict each other.
 */
export async function recogniseModel(path: string): Promise<ResolvedModel> {
  const given = resolve(path);
  const model = await identifyModel(given);
  try {
    return { ...model, name: nameOf(given), contentHash: await hashFiles(model.files) };
  } catch (error) {
    throw explain(error, given);
  }
}

/** As clients spell it, whose names are normalised: macOS has folders with accents apart from their letters. */
function nameOf(path: string): string {
  return basename(path).normalize('NFC').trim();
}

/**
 * As `recogniseModel`, without reading all of the bytes for their hash.
 * @param path a folder, or a graph whose folder has what belongs to it.
 */
export async function identifyModel(path: string): Promise<Recognised> {
  const given = resolve(path);
  try {
    const files = await listFiles(given);
    for (const recognise of [sherpa, moonshine, senseVoice, silero]) {
      const model = await recognise(files, given);
      if (model) return model;
    }
    const names = Object.keys(files).sort().slice(0, 20).join(', ') || 'no files';
    throw new Failure(
      `${given} is no model of a kind that is known (Moonshine, SenseVoice, Fun-ASR-Nano, Silero VAD, and what sherpa-onnx has non-streaming of Paraformer, Whisper, Zipformer and NeMo). It has ${names}.`,
    );
  } catch (error) {
    throw explain(error, given);
  }
}

/** Path of each file by its name. A graph that is named itself is the only one. */
async function listFiles(path: string): Promise<Files> {
  const single = (await stat(path)).isFile();
  const folder = single ? dirname(path) : path;
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const wanted = single ? names.filter((name) => !name.endsWith('.onnx') || name === basename(path)) : names;

  return Object.fromEntries(wanted.map((name) => [name, join(folder, name)]));
}

/**
 * What sherpa-onnx runs. It comes first: what its exports have written down tells them from others with the same inputs. All
 * of the folder's files are kept, and those in folders inside it: the rules and models that go over its text.
 */
async function sherpa(files: Files, path: string): Promise<Recognised | null> {
  const single = (await stat(path)).isFile();
  if (single && PART.test(basename(path)))
    throw new Failure(`${path} is one of several graphs of its model: name the folder that they are in.`);
  const folder = single ? dirname(path) : path;
  const all = { ...files, ...(await listNested(folder)) };
  const graphs = await openSherpa(all);
  if (!graphs) return null;
  const needed =
    /\.(onnx|ort|weights|data|fst|far|vocab)$|(^|\/)(tokens|merges|hotwords)\.txt$|-tokens\.txt$|\/(tokenizer|vocab)\.json$/;

  return { adapter: 'sherpa', languages: graphs.languages, files: pick(all, needed) };
}

/** Files of the folders in a folder, by `folder/name`. */
async function listNested(folder: string): Promise<Files> {
  const nested: Record<string, string> = {};
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    for (const { name } of (await readdir(join(folder, entry.name), { withFileTypes: true })).filter(
      (inner) => !inner.isDirectory(),
    ))
      nested[`${entry.name}/${name}`] = join(folder, entry.name, name);
  }

  return nested;
}

async function moonshine(files: Files): Promise<Recognised | null> {
  const [encoder, decoder] = ['encoder_model.onnx', 'decoder_model_merged.onnx'] as const;
  if (!files[encoder] || !files[decoder]) return null;

  return {
    adapter: 'moonshine',
    languages: ['en'],
    files: { [encoder]: files[encoder], [decoder]: files[decoder] },
  };
}

/** All of the folder's files are kept: which of its graphs is used depends on the device. */
async function senseVoice(files: Files): Promise<Recognised | null> {
  const graphs = await openSenseVoice(files, { graph: 'bytes', itn: true });
  const needed = /\.onnx(\.data)?$|^tokens\.(txt|json)$|\.bpe\.model$|^am\.mvn$|^config\.yaml$/;

  return graphs && { adapter: 'sensevoice', languages: graphs.layout.languages, files: pick(files, needed) };
}

function pick(files: Files, needed: RegExp): Files {
  return Object.fromEntries(Object.entries(files).filter(([name]) => needed.test(name)));
}

async function silero(files: Files): Promise<Recognised | null> {
  const graphs = Object.entries(files).filter(([name]) => name.endsWith('.onnx'));
  const [graph] = graphs;
  if (!graph || graphs.length > 1) return null;
  const inputs = new Set((await readModelHeader(graph[1])).inputs.map(({ name }) => name));
  if (!['input', 'state', 'sr'].every((name) => inputs.has(name))) return null;

  return { adapter: 'silero', languages: ['*'], files: Object.fromEntries(graphs) };
}

/** As `ResolvedModel` has it. */
async function hashFiles(files: Files): Promise<string> {
  const hashes = Object.entries(files).map(async ([name, path]) => [name, await hashFile(path)] as const);

  return contentHashOf(new Map(await Promise.all(hashes)));
}

function explain(error: unknown, path: string): unknown {
  if (error instanceof ModelFilesError) return new Failure(error.message, { cause: error });
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new Failure(`There is no model at ${path}: name a folder, or an .onnx file.`);
  if (code === 'EACCES' || code === 'EPERM')
    return new Failure(`The model at ${path} may not be read (${code}).`);

  return error;
}
