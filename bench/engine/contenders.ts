import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MoonshineCpuGraphs, MoonshineFiles } from '../../inference/moonshine/moonshine-files.ts';
import { moonshineFiles } from '../../server/model-store/moonshine-files.ts';
import type { ResolvedModel } from '../../server/model-store/store.ts';
import { rebuiltGraphs } from '../rebuilt-graphs.ts';
import { type Engine, loadMoonshineEngine, loadSherpaEngine } from './engines.ts';
import type { Contender } from './finals.ts';
import { writeFloatReference } from './float-reference.ts';
import { sherpaTokens } from './sherpa-tokens.ts';

/** Every engine, loaded, and the files they are loaded from. */
export interface Engines {
  readonly reference: Engine;
  readonly shipped: Engine;
  readonly sherpa: Engine;
  readonly own: Engine;
  readonly files: {
    readonly reference: MoonshineFiles;
    readonly shipped: MoonshineFiles;
    readonly own: MoonshineCpuGraphs;
    /** Sherpa's vocabulary. */
    readonly vocabulary: string;
  };
}

/**
 * Loads every engine.
 * @param folder for the float32 graphs and sherpa's vocabulary; the caller removes it.
 * @throws {Failure} when sherpa-onnx-node is not installed.
 */
export async function loadEngines(model: ResolvedModel, folder: string): Promise<Engines> {
  const shipped = moonshineFiles(model);
  const vocabulary = join(folder, 'tokens.txt');
  await writeFile(vocabulary, sherpaTokens());
  const sherpa = await loadSherpaEngine(shipped, vocabulary);
  const own = await rebuiltGraphs(model);
  const reference = await writeFloatReference(shipped, folder);

  return {
    reference: await loadMoonshineEngine({ kind: 'shipped', ...reference }),
    shipped: await loadMoonshineEngine({ kind: 'shipped', ...shipped }),
    sherpa,
    own: await loadMoonshineEngine(own),
    files: { reference, shipped, own, vocabulary },
  };
}

/** Closes them all. */
export async function closeEngines({ reference, shipped, sherpa, own }: Engines): Promise<void> {
  for (const engine of [reference, shipped, sherpa, own]) await engine.close();
}

/** All that whole clips are decoded with. */
export interface Contenders {
  readonly reference: Contender;
  readonly shipped: Contender;
  readonly sherpa: Contender;
  readonly cold: Contender;
  readonly drafts: Contender;
  /** This engine, several clips at a time. */
  readonly batches: readonly Contender[];
  /** Eight clips at a time, each with its draft. */
  readonly draftedBatches: Contender;
  /** The same in batches of eight clips of like length. */
  readonly byLength: Contender;
}

const BATCH_SIZES = [2, 4, 8, 16];

/** @param maxBatchSize of this engine. @param note told which sizes of batches are left out. */
export function contenders(
  { reference, shipped, sherpa, own }: Engines,
  maxBatchSize: number,
  note: (sentence: string) => void,
): Contenders {
  const alone = (name: string, engine: Engine) => ({
    name,
    engine,
    own: engine === own,
    batchSize: 1,
    byLength: false,
    drafted: false,
  });
  for (const size of BATCH_SIZES.filter((size) => size > maxBatchSize))
    note(`Batches of ${size} are left out: this engine takes ${maxBatchSize} clips at most.`);

  return {
    reference: alone('float32 reference', reference),
    shipped: alone('onnxruntime-node, shipped graphs', shipped),
    sherpa: alone('sherpa-onnx-node', sherpa),
    cold: alone('this engine', own),
    drafts: { ...alone('this engine, drafts', own), drafted: true },
    batches: BATCH_SIZES.filter((size) => size <= maxBatchSize).map((size) => ({
      ...alone(`this engine, batches of ${size}`, own),
      batchSize: size,
    })),
    draftedBatches: { ...alone('this engine, batches of 8, drafts', own), batchSize: 8, drafted: true },
    byLength: { ...alone('this engine, 8 of like length', own), batchSize: 8, byLength: true },
  };
}
