import { fileURLToPath } from 'node:url';
import type {
  MoonshineCpuGraphs,
  MoonshineFiles,
  OneRunFiles,
} from '../../inference/moonshine/moonshine-files.ts';
import { rebuildForGpu, rebuildMoonshine } from '../../inference/moonshine/rebuild/rebuild.ts';
import type { Precision } from '../../inference/precision.ts';
import { readConfig } from '../../server/config/config.ts';
import { ModelStore, type ResolvedModel } from '../../server/model-store/store.ts';
import { readRecording } from '../../server/recording/read-recording.ts';

/** The compiled module of a thread: `recognizer-thread` or `vad-thread`. */
export function threadUrl(name: string): URL {
  return new URL(`../../dist/inference/threads/${name}.js`, import.meta.url);
}

/** The default recogniser as it is shipped; the global setup has put it on disk. */
export async function shippedMoonshine(): Promise<MoonshineCpuGraphs> {
  const { files } = await defaultModel('model');

  return { kind: 'shipped', ...moonshineFiles(files) };
}

/** The default recogniser's graphs, rebuilt. */
export async function rebuiltMoonshine(): Promise<MoonshineCpuGraphs> {
  const { files, contentHash } = await defaultModel('model');

  return { kind: 'rebuilt', ...(await rebuildMoonshine(moonshineFiles(files), contentHash)) };
}

/** The default recogniser as GPUs want it. */
export async function oneRunMoonshine(precision: Precision = 'float32'): Promise<OneRunFiles> {
  const { files, contentHash } = await defaultModel('model');

  return rebuildForGpu(moonshineFiles(files), contentHash, precision);
}

function moonshineFiles(files: Readonly<Record<string, string>>): MoonshineFiles {
  return { encoder: find(files, 'encoder'), decoder: find(files, 'decoder') };
}

/** Path of the default voice activity detector's graph. */
export async function sileroFile(): Promise<string> {
  const { files } = await defaultModel('vadModel');

  return find(files, '.onnx');
}

/** Samples of a clip in `test/fixtures/audio`, at 16 kHz. */
export async function clip(name: string): Promise<Float32Array> {
  const { samples } = await readRecording(
    fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url)),
  );

  return samples;
}

async function defaultModel(option: 'model' | 'vadModel'): Promise<ResolvedModel> {
  const config = readConfig();

  return new ModelStore({ directory: config.modelsDir }).resolve(config[option]);
}

function find(files: Readonly<Record<string, string>>, part: string): string {
  const found = Object.entries(files).find(([name]) => name.includes(part));
  if (!found) throw new Error(`No file of the model is named like ${part}.`);

  return found[1];
}
