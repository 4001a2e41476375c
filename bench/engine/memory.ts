import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { MoonshineFiles } from '../../inference/moonshine/moonshine-files.ts';
import { moonshineFiles } from '../../server/model-store/moonshine-files.ts';
import type { ResolvedModel } from '../../server/model-store/store.ts';
import type { SpokenClip } from './spoken-clips.ts';

/** What a process is told to load and decode. */
export interface ProbeOrder {
  readonly engine: 'shipped' | 'sherpa' | 'own';
  readonly model: ResolvedModel;
  readonly shipped: MoonshineFiles;
  /** Path of sherpa's vocabulary. */
  readonly vocabulary: string;
  /** Paths of files of float32 samples at 16 kHz. */
  readonly clips: readonly string[];
}

/** What it took. */
export interface MemoryFigures {
  /** From the first import of the engine to its being ready. */
  readonly loadMs: number;
  /** Most memory the process has had, less what it had before the engine was imported. */
  readonly peakBytes: number;
}

/** Each engine, and this one where the graphs have to be rebuilt first. */
export type MemoryName = ProbeOrder['engine'] | 'firstStart';

/** Compiled next to this module. */
const PROBE = fileURLToPath(new URL('./memory-probe.js', import.meta.url));
/** Clips decoded beside the longest. */
const MORE_CLIPS = 3;

/**
 * Loads each engine in a process of its own, has it decode the longest clip and a few others, and asks what memory and
 * time that took.
 * @param folder for temporary files; the caller removes it.
 */
export async function measureMemory(
  clips: readonly SpokenClip[],
  model: ResolvedModel,
  vocabulary: string,
  folder: string,
): Promise<Readonly<Record<MemoryName, MemoryFigures>>> {
  const longest = clips.reduce((a, b) => (b.audio.length > a.audio.length ? b : a));
  const paths: string[] = [];
  for (const [i, { audio }] of [longest, ...clips.slice(0, MORE_CLIPS)].entries()) {
    const path = join(folder, `${i}.f32`);
    await writeFile(path, audio);
    paths.push(path);
  }
  const probe = (engine: ProbeOrder['engine'], shipped = moonshineFiles(model)) =>
    runProbe({ engine, model, shipped, vocabulary, clips: paths });

  return {
    shipped: await probe('shipped'),
    sherpa: await probe('sherpa'),
    own: await probe('own'),
    firstStart: await probe('own', await copyShipped(moonshineFiles(model), folder)),
  };
}

/** The shipped graphs where nothing has been rebuilt beside them. */
async function copyShipped({ encoder, decoder }: MoonshineFiles, folder: string): Promise<MoonshineFiles> {
  const copies = await mkdtemp(join(folder, 'first-start-'));
  const files = { encoder: join(copies, 'encoder.onnx'), decoder: join(copies, 'decoder.onnx') };
  await copyFile(encoder, files.encoder);
  await copyFile(decoder, files.decoder);

  return files;
}

async function runProbe(order: ProbeOrder): Promise<MemoryFigures> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROBE, JSON.stringify(order)]);

  return JSON.parse(stdout) as MemoryFigures;
}
