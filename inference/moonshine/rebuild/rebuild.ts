import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
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
 * They are kept in a folder `rebuilt` beside the shipped ones, by the model's hash and the version of this code, and
 * written anew when they are not what was written.
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
  const sums = join(folder, 'SHA256SUMS');
  if (await isWhole(files, sums)) return files;
  const encoder = new ShippedGraph(await readFile(shipped.encoder));
  const decoder = new ShippedGraph(await readFile(shipped.decoder));
  await mkdir(folder, { recursive: true });
  const encoderBytes = buildEncoder(encoder, decoder);
  const decoderBytes = buildDecoder(decoder);
  await writeWhole(files.encoder, encoderBytes);
  await writeWhole(files.decoder, decoderBytes);
  await writeWhole(sums, checksums(encoderBytes, decoderBytes));

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

/** Whether both graphs are there, byte for byte as they were written: a disk may have lost some. */
async function isWhole({ encoder, decoder }: MoonshineFiles, sums: string): Promise<boolean> {
  try {
    const [wanted, ...graphs] = await Promise.all([
      readFile(sums, 'utf8'),
      readFile(encoder),
      readFile(decoder),
    ]);

    return wanted === checksums(...(graphs as [Uint8Array, Uint8Array]));
  } catch {
    return false;
  }
}

/** In the form that `sha256sum --check` reads. */
function checksums(encoder: Uint8Array, decoder: Uint8Array): string {
  const line = (name: string, bytes: Uint8Array) =>
    `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`;

  return line('encoder.onnx', encoder) + line('decoder.onnx', decoder);
}

/** Several threads and processes may do this at once: each renames a whole file into place, all the same bytes. */
async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, bytes);
  await rename(temporary, path);
}
