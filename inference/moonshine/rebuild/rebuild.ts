import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GraphBuilder } from '../../onnx/graph-builder.ts';
import { ElementType } from '../../onnx/onnx-model.ts';
import type { Precision } from '../../precision.ts';
import type { MoonshineCpuGraphs, MoonshineFiles, OneRunFiles, RebuiltFiles } from '../moonshine-files.ts';
import { buildDecoder, buildPreciseDecoder } from './decoder-graph.ts';
import { buildEncoder } from './encoder-graph.ts';
import { buildOneRun } from './one-run-graph.ts';
import { ShippedGraph } from './shipped-graph.ts';

/** Goes up with every change to the graphs: what an older version wrote is left alone and written anew. */
const REBUILD_VERSION = 4;
/** Likewise, for changes to the graph for GPUs. */
const ONE_RUN_VERSION = 1;
const HASH_DIGITS = 16;
const SUMS = 'SHA256SUMS';
const ONE_RUN = 'one-run';

/**
 * The graphs that inference wants, written from the two that are shipped: the same weights, the same function.
 * They are kept in a folder `rebuilt` beside the shipped ones, by the model's hash and the version of this code, and
 * written anew when they are not what was written.
 * @param contentHash of the shipped graphs.
 * @returns where they are.
 * @throws {UnknownGraphError} when the shipped graphs are not what this code knows, or what the disk says.
 */
export async function rebuildMoonshine(shipped: MoonshineFiles, contentHash: string): Promise<RebuiltFiles> {
  const folder = folderOf(shipped, contentHash, `v${REBUILD_VERSION}`);
  await keep(folder, ['encoder', 'decoder', 'precise-decoder'], async () => {
    const { encoder, decoder } = await readShipped(shipped);

    return [buildEncoder(encoder, decoder), buildDecoder(decoder), buildPreciseDecoder(decoder)];
  });

  return {
    encoder: join(folder, 'encoder.onnx'),
    decoder: join(folder, 'decoder.onnx'),
    preciseDecoder: join(folder, 'precise-decoder.onnx'),
  };
}

/**
 * The one graph that GPUs want, written from the two that are shipped and kept beside those that `rebuildMoonshine` writes.
 * @throws {UnknownGraphError} likewise.
 */
export async function rebuildForGpu(
  shipped: MoonshineFiles,
  contentHash: string,
  precision: Precision,
): Promise<OneRunFiles> {
  const folder = folderOf(shipped, contentHash, `${ONE_RUN}-v${ONE_RUN_VERSION}-${precision}`);
  await keep(folder, [ONE_RUN], async () => {
    const { encoder, decoder } = await readShipped(shipped);

    return [buildOneRun(encoder, decoder, ElementType[precision])];
  });

  return { kind: ONE_RUN, model: join(folder, `${ONE_RUN}.onnx`) };
}

function folderOf(shipped: MoonshineFiles, contentHash: string, version: string): string {
  return join(dirname(shipped.decoder), 'rebuilt', `${contentHash.slice(0, HASH_DIGITS)}-${version}`);
}

async function readShipped(shipped: MoonshineFiles): Promise<Record<keyof MoonshineFiles, ShippedGraph>> {
  return {
    encoder: new ShippedGraph(await readFile(shipped.encoder)),
    decoder: new ShippedGraph(await readFile(shipped.decoder)),
  };
}

/** Writes graphs into a folder, unless they are there as they were written. */
async function keep(
  folder: string,
  names: readonly string[],
  build: () => Promise<readonly GraphBuilder[]>,
): Promise<void> {
  if (await isWhole(folder, names)) return;
  const graphs = await build();
  await mkdir(folder, { recursive: true });
  const sums: string[] = [];
  for (const [i, name] of names.entries()) {
    const [modelFile, weightsFile] = filesOf(name);
    const { model, weights } = graphs[i]!.buildApart(name, weightsFile);
    await writeWhole(join(folder, modelFile), model);
    await writeWhole(join(folder, weightsFile), weights);
    sums.push(checksum(modelFile, model), checksum(weightsFile, weights));
  }
  await writeWhole(join(folder, SUMS), sums.join(''));
}

/**
 * The rebuilt graphs, or the shipped ones where they cannot be rebuilt or written.
 * @param warn told why, once.
 */
export async function prepareMoonshine(
  shipped: MoonshineFiles,
  contentHash: string,
  warn: (error: unknown) => void,
): Promise<MoonshineCpuGraphs> {
  try {
    return { kind: 'rebuilt', ...(await rebuildMoonshine(shipped, contentHash)) };
  } catch (error) {
    warn(error);

    return { kind: 'shipped', ...shipped };
  }
}

/** Whether all files are there, byte for byte as they were written: a disk may have lost some. */
async function isWhole(folder: string, graphs: readonly string[]): Promise<boolean> {
  try {
    const sums: string[] = [];
    for (const file of graphs.flatMap(filesOf)) sums.push(checksum(file, await readFile(join(folder, file))));

    return sums.join('') === (await readFile(join(folder, SUMS), 'utf8'));
  } catch {
    return false;
  }
}

/** A graph without its large constants, and those. */
function filesOf(graph: string): readonly [string, string] {
  return [`${graph}.onnx`, `${graph}.weights`];
}

/** A line in the form that `sha256sum --check` reads. */
function checksum(name: string, bytes: Uint8Array): string {
  return `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`;
}

/** Several threads and processes may do this at once: each renames a whole file into place, all the same bytes. */
async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, bytes);
  await rename(temporary, path);
}
