import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownName } from './part-owner.ts';

/** Hashes of a model's files that the catalogue does not know, in the format of `sha256sum`, which can check them, too. */
export const HASHES_NAME = 'SHA256SUMS';

/** SHA-256 in hex by the name of each file. Lines that are none are passed over. */
export async function readRecordedHashes(modelDirectory: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(modelDirectory, HASHES_NAME), 'utf8').catch(() => '');
  const lines = text.split('\n').map((line) => /^([0-9a-f]{64}) [ *](.+)$/.exec(line));

  return new Map(lines.filter((line) => line !== null).map(([, sha256, name]) => [name!, sha256!]));
}

/** Writes hashes down, in place of those that were there. */
export async function writeRecordedHashes(
  modelDirectory: string,
  hashes: ReadonlyMap<string, string>,
): Promise<void> {
  const lines = [...hashes].map(([name, sha256]) => `${sha256}  ${name}\n`).sort();
  const path = join(modelDirectory, HASHES_NAME);
  const written = join(modelDirectory, `.${HASHES_NAME}-${ownName()}`);
  await writeFile(written, lines.join(''));
  await rename(written, path);
}

/** Adds one hash to those recorded. */
export async function recordHash(modelDirectory: string, name: string, sha256: string): Promise<void> {
  const hashes = new Map(await readRecordedHashes(modelDirectory));
  await writeRecordedHashes(modelDirectory, hashes.set(name, sha256));
}
