import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ExpectedFile } from './catalogue-entry.ts';

/** What is wrong with a file on disk. */
export interface FileProblem {
  /** The file's name in the catalogue. */
  readonly file: string;
  readonly kind: 'missing' | 'damaged';
  /** A clause that begins with the file's name, such as "a.onnx is missing". */
  readonly description: string;
}

/** SHA-256 in hex of the file at `path`. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);

  return hash.digest('hex');
}

/** Size of the regular file at `path` in bytes, or null where there is none. */
export async function sizeOnDisk(path: string): Promise<number | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : null;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/**
 * Reads and hashes the file at `path`.
 * @returns what is wrong with it, or null where its bytes are those expected. A file of which no hash is known is damaged.
 */
export async function inspectFile(path: string, expected: ExpectedFile): Promise<FileProblem | null> {
  const file = expected.name;
  const bytes = await sizeOnDisk(path);
  if (bytes === null) return { file, kind: 'missing', description: `${file} is missing` };
  if (expected.bytes !== null && bytes !== expected.bytes) {
    const description = `${file} is damaged: it holds ${bytes} bytes instead of ${expected.bytes}`;
    return { file, kind: 'damaged', description };
  }
  if (expected.sha256 === null) {
    const description = `${file} cannot be told from another: no hash of it was recorded`;
    return { file, kind: 'damaged', description };
  }
  const sha256 = await hashFile(path);
  if (sha256 === expected.sha256) return null;
  const description = `${file} is damaged: expected SHA-256 ${expected.sha256}, got ${sha256}`;
  return { file, kind: 'damaged', description };
}

/** Inspects files of a folder, one after the other. Empty when all is well. */
export async function inspectFiles(
  folder: string,
  files: readonly ExpectedFile[],
): Promise<readonly FileProblem[]> {
  const problems: FileProblem[] = [];
  for (const file of files) {
    const problem = await inspectFile(join(folder, file.name), file);
    if (problem !== null) problems.push(problem);
  }

  return problems;
}

/** Problems as one clause. */
export function listProblems(problems: readonly FileProblem[]): string {
  return problems.map(({ description }) => description).join('; ');
}
