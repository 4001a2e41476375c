import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MoonshineFiles, MoonshineGraphs, RebuiltFiles } from '../moonshine-files.ts';
import { buildDecoder, buildPreciseDecoder } from './decoder-graph.ts';
import { buildEncoder } from './encoder-graph.ts';
import { ShippedGraph } from './shipped-graph.ts';

/** Goes up with every change to the graphs: what an older version wrote is left alone and written anew. */
const REBUILD_VERSION = 4;
const HASH_DIGITS = 16;
const SUMS = 'SHA256SUMS';
const GRAPHS = ['encoder', 'decoder', 'precise-decoder'] as const;

/**
 * The graphs that inference wants, written from the two that are shipped: the same weights, the same function.
 * They are kept in a folder `rebuilt` beside the shipped ones, by the model's hash and the version of this code, and
 * written anew when they are not what was written.
 * @param contentHash of the shipped graphs.
 * @returns where they are.
 * @throws {UnknownGraphError} when the shipped graphs are not what this code knows, or what the disk says.
 */
export async function rebuildMoonshine(shipped: MoonshineFiles, contentHash: string): Promise<RebuiltFiles> {
  const name = `${contentHash.slice(0, HASH_DIGITS)}-v${REBUILD_VERSION}`;
  const folder = join(dirname(shipped.decoder), 'rebuilt', name);
  if (!(await isWhole(folder))) await write(shipped, folder);

  return {
    encoder: join(folder, 'encoder.onnx'),
    decoder: join(folder, 'decoder.onnx'),
    preciseDecoder: join(folder, 'precise-decoder.onnx'),
  };
}

async function write(shipped: MoonshineFiles, folder: string): Promise<void> {
  const encoder = new ShippedGraph(await readFile(shipped.encoder));
  const decoder = new ShippedGraph(await readFile(shipped.decoder));
  const graphs = {
    encoder: buildEncoder(encoder, decoder),
    decoder: buildDecoder(decoder),
    'precise-decoder': buildPreciseDecoder(decoder),
  };
  await mkdir(folder, { recursive: true });
  const sums: string[] = [];
  for (const name of GRAPHS) {
    const [modelFile, weightsFile] = filesOf(name);
    const { model, weights } = graphs[name].buildApart(name, weightsFile);
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
): Promise<MoonshineGraphs> {
  try {
    return { kind: 'rebuilt', ...(await rebuildMoonshine(shipped, contentHash)) };
  } catch (error) {
    warn(error);

    return { kind: 'shipped', ...shipped };
  }
}

/** Whether all files are there, byte for byte as they were written: a disk may have lost some. */
async function isWhole(folder: string): Promise<boolean> {
  try {
    const sums: string[] = [];
    for (const file of GRAPHS.flatMap(filesOf)) sums.push(checksum(file, await readFile(join(folder, file))));

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
