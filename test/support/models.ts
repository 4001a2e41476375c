import { fileURLToPath } from 'node:url';
import type { MoonshineFiles } from '../../inference/moonshine/moonshine.ts';
import { readConfig } from '../../server/config/config.ts';
import { ModelStore } from '../../server/model-store/store.ts';
import { readRecording } from '../../server/recording/read-recording.ts';

/** The compiled module of a thread: `recognizer-thread` or `vad-thread`. */
export function threadUrl(name: string): URL {
  return new URL(`../../dist/inference/threads/${name}.js`, import.meta.url);
}

/** Paths of the default recogniser's graphs, which the global setup has put on disk. */
export async function moonshineFiles(): Promise<MoonshineFiles> {
  const files = await defaultModel('model');

  return { encoder: find(files, 'encoder'), decoder: find(files, 'decoder') };
}

/** Path of the default voice activity detector's graph. */
export async function sileroFile(): Promise<string> {
  return find(await defaultModel('vadModel'), '.onnx');
}

/** Samples of a clip in `test/fixtures/audio`, at 16 kHz. */
export async function clip(name: string): Promise<Float32Array> {
  const { samples } = await readRecording(
    fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url)),
  );

  return samples;
}

async function defaultModel(option: 'model' | 'vadModel'): Promise<Readonly<Record<string, string>>> {
  const config = readConfig();
  const { files } = await new ModelStore({ directory: config.modelsDir }).resolve(config[option]);

  return files;
}

function find(files: Readonly<Record<string, string>>, part: string): string {
  const found = Object.entries(files).find(([name]) => name.includes(part));
  if (!found) throw new Error(`No file of the model is named like ${part}.`);

  return found[1];
}
