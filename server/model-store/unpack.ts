import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../failure.ts';
import { readArchive } from './read-archive.ts';
import { shellWord } from './shell-word.ts';

const MOST_FILES = 1000;
const MOST_BYTES = 16e9;
/** Of a path: a folder within the model's, which may be some folders deep. */
const MOST_PARTS = 6;

/** Archives that have to be unpacked by hand, and what to type. */
const foreign: readonly (readonly [ending: RegExp, command: string])[] = [
  [/\.(tar\.bz2|tbz2?)$/i, 'tar xjf'],
  [/\.(tar\.xz|txz)$/i, 'tar xJf'],
  [/\.(tar\.zst|tzst)$/i, 'tar --zstd -xf'],
  [/\.zip$/i, 'unzip'],
];

const unpacked = /\.(tar|tar\.gz|tgz)$/i;

/** The name of an archive without its ending; null where the file is none. */
export function archiveName(path: string): string | null {
  const name = basename(path);
  const ending = [unpacked, ...foreign.map(([pattern]) => pattern)].find((pattern) => pattern.test(name));

  return ending === undefined ? null : name.replace(ending, '');
}

/**
 * Unpacks the files of a tarball, compressed by gzip or not, without the folders that hold nothing but the folder of the
 * model: archives have that one, with its parents or without, or its files alone. Links, hidden files and paths that lead
 * elsewhere are passed over.
 * @param target made for it; its parent is there.
 * @throws {Failure} when it is an archive of another kind (naming what to type), damaged, or far too large.
 */
export async function unpackArchive(path: string, target: string): Promise<void> {
  const command = foreign.find(([ending]) => ending.test(path))?.[1];
  if (command !== undefined) {
    const then = `roundtable models import ${shellWord(archiveName(path)!)}`;
    throw new Failure(
      `${basename(path)} cannot be unpacked here. Type: ${command} ${shellWord(path)} && ${then}`,
    );
  }
  let files = 0;
  let totalBytes = 0;
  const admit = (name: string, bytes: number): boolean => {
    if (!isPlain(name)) return false;
    files++;
    totalBytes += bytes;
    if (files <= MOST_FILES && totalBytes <= MOST_BYTES) return true;
    throw new Failure(
      `${basename(path)} holds more than a model does. Unpack it, and import the folder of the model.`,
    );
  };
  const everything = `${target}.all`;
  await mkdir(everything, { recursive: true });
  let current = null as { readonly name: string; readonly handle: FileHandle } | null;
  try {
    for await (const piece of readArchive(createReadStream(path), basename(path), admit)) {
      if (current?.name !== piece.path) {
        await current?.handle.close();
        const file = join(everything, piece.path);
        await mkdir(dirname(file), { recursive: true });
        current = { name: piece.path, handle: await open(file, 'w') };
      }
      if (piece.chunk !== null) await current.handle.writeFile(piece.chunk);
    }
  } finally {
    await current?.handle.close();
  }

  await rename(await innermost(everything), target);
}

/** The first folder on the way down that has more in it than one folder. */
async function innermost(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });

  return entries.length === 1 && entries[0]!.isDirectory()
    ? await innermost(join(folder, entries[0]!.name))
    : folder;
}

/** Not too deep, and nothing that is hidden or climbs. */
function isPlain(name: string): boolean {
  const parts = name.split('/');

  return (
    parts.length <= MOST_PARTS &&
    parts.every((part) => part !== '' && !part.startsWith('.') && !part.includes('\\'))
  );
}
