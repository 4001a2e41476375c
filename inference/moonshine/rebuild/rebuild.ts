import { randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MoonshineFiles, MoonshineGraphs } from '../moonshine-files.ts';
import { buildDecoder } from './decoder-graph.ts';
import { buildEncoder } from './encoder-graph.ts';
import { ShippedGraph } from './shipped-graph.ts';

/** Goes up with every change to the graphs: what an older version wrote is left alone and written anew. */
const REBUILD_VERSION = 2;
const HASH_DIGITS = 16;

/**
 * The two graphs that inference wants, written from the two that are shipped: the same weights, the same function.
 * They are kept in a folder `rebuilt` beside the shipped ones, by the model's hash and the version of this code.
 * @param contentHash of the shipped graphs.
 * @returns where they are.
 * @throws {UnknownGraphError} when the shipped graphs are not what this code knows, or what the disk says.
 */
export async function rebuildMoonshine(
  shipped: MoonshineFiles,
  contentHash: string,
): Promise<MoonshineFiles> {
  const name = `${contentHash.slice(0, HASH_DIGITS)}-v${REBUILD_VERSION}`;
  const folder = join(dirname(shipped.decoder), 'rebuilt', name);
  const files = { encoder: join(folder, 'encoder.onnx'), decoder: join(folder, 'decoder.onnx') };
  if (await exists(files.decoder)) return files;
  const encoder = new ShippedGraph(await readFile(shipped.encoder));
  const decoder = new ShippedGraph(await readFile(shipped.decoder));
  await mkdir(folder, { recursive: true });
  await writeWhole(files.encoder, buildEncoder(encoder, decoder));
  // The last one written stands for both.
  await writeWhole(files.decoder, buildDecoder(decoder));

  return files;
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

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Several threads and processes may do this at once: each renames a whole file into place, all the same bytes. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, bytes);
  await rename(temporary, path);
}
