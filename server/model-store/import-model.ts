import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Failure } from '../failure.ts';
import type { CatalogueEntry, ModelDescription } from './catalogue-entry.ts';
import { assertRoom } from './disk-space.ts';
import { isPaper, noteImported, readImported } from './imported-models.ts';
import { hashFile, sizeOnDisk } from './installed-file.ts';
import { assertModelName } from './model-name.ts';
import { identifyModel } from './recognise-model.ts';
import { writeRecordedHashes } from './recorded-hashes.ts';
import { archiveName, unpackArchive } from './unpack.ts';
import { openWorkspace } from './workspace.ts';

/** What an import is to do. */
export interface ImportRequest {
  /** A folder, a graph whose folder has what belongs to it, or a tarball. */
  readonly path: string;
  /** Null for the name of the folder, or of the file without its ending. */
  readonly name: string | null;
  /** The models directory. */
  readonly directory: string;
  readonly catalogue: readonly CatalogueEntry[];
}

/** Path of each file by its name. */
type Files = Readonly<Record<string, string>>;
/** SHA-256 in hex of each file by its name. */
type Hashes = ReadonlyMap<string, string>;

/** Papers are copied along up to this size. */
const MOST_PAPER_BYTES = 1 << 20;

/**
 * Copies a model into the models directory, where its name finds it from then on. The kind is found out from the files, and
 * only what that kind needs is copied. It appears whole or not at all. Under a name of the catalogue only the
 * catalogue's own bytes are taken.
 *
 * Copies share their blocks with what they were made from where the file system can. They are no links: whoever changed a file
 * in place would change the model as well.
 * @returns the model; its name is the one it was given.
 * @throws {Failure} when it is of no known kind, or its name is taken or none.
 */
export async function importModel(request: ImportRequest): Promise<ModelDescription> {
  const { directory, catalogue } = request;
  const source = resolve(request.path);
  const found = await stat(source).catch(() => null);
  if (found === null)
    throw new Failure(`There is nothing at ${source}: name a folder, a graph or an archive.`);
  const archive = found.isFile() ? archiveName(source) : null;
  const name = request.name ?? archive ?? basename(source).replace(/\.onnx$/, '');
  assertModelName(name, request.name === null ? ' Give one with --name.' : '');
  const entry = catalogue.find((candidate) => candidate.name === name) ?? null;
  await mkdir(directory, { recursive: true });
  const workspace = await openWorkspace(directory);
  try {
    // Names tell the languages of some models.
    const from = archive === null ? source : join(workspace.path, `unpacked-${archive}`);
    if (archive !== null) await unpackArchive(source, from);
    const model = entry === null ? await identifyModel(from) : null;
    const files = model ? await withPapers(model.files, from) : await filesOfEntry(entry!, from);
    const folder = join(workspace.path, 'model', name);
    if (archive === null) await assertRoom(directory, name, await totalBytes(files));
    const hashes = await copyAll(files, folder, archive === null ? 'copy' : 'move');
    if (entry !== null) assertSame(entry, hashes);
    if (model !== null) {
      // Whether the copy can be opened by itself.
      await identifyModel(folder);
      await noteImported(folder, model);
      await writeRecordedHashes(folder, hashes);
    }
    await place(folder, { directory, name, hashes, entry, aside: join(workspace.path, 'old') });
  } catch (error) {
    // Where an archive was unpacked for a moment tells nobody anything.
    if (!(error instanceof Failure) || archive === null) throw error;
    throw new Failure(error.message.replaceAll(join(workspace.path, `unpacked-${archive}`), source), {
      cause: error,
    });
  } finally {
    await workspace.close();
  }

  return entry ?? (await readImported(directory, name))!;
}

/** Files of a model, and the papers beside them. */
async function withPapers(files: Files, path: string): Promise<Files> {
  const folder = (await stat(path)).isFile() ? dirname(path) : path;
  const extra: Record<string, string> = {};
  for (const name of await readdir(folder)) {
    const bytes = isPaper(name) ? await sizeOnDisk(join(folder, name)) : null;
    if (bytes !== null && bytes <= MOST_PAPER_BYTES) extra[name] = join(folder, name);
  }

  return { ...extra, ...files };
}

async function filesOfEntry(entry: CatalogueEntry, path: string): Promise<Files> {
  const folder = (await stat(path)).isFile() ? dirname(path) : path;
  for (const { name } of entry.files) {
    if ((await sizeOnDisk(join(folder, name))) === null)
      throw new Failure(
        `${entry.name} is a model of the catalogue, and ${folder} lacks its file ${name}. Import it under another name.`,
      );
  }

  return Object.fromEntries(entry.files.map(({ name }) => [name, join(folder, name)]));
}

async function totalBytes(files: Files): Promise<number> {
  const sizes = await Promise.all(Object.values(files).map(async (path) => (await stat(path)).size));

  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** Copies, and hashes the copies: what is recorded is what is there. */
async function copyAll(files: Files, folder: string, how: 'copy' | 'move'): Promise<Hashes> {
  const hashes = new Map<string, string>();
  for (const [name, path] of Object.entries(files)) {
    const copy = join(folder, name);
    await mkdir(dirname(copy), { recursive: true });
    if (how === 'move') await rename(path, copy);
    else await copyFile(path, copy, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    const handle = await open(copy, 'r+').catch(() => null);
    await handle?.sync();
    await handle?.close();
    hashes.set(name, await hashFile(copy));
  }

  return hashes;
}

function assertSame(entry: CatalogueEntry, hashes: Hashes): void {
  const other = entry.files.find(({ name, sha256 }) => sha256 === null || hashes.get(name) !== sha256);
  if (other === undefined) return;
  throw new Failure(
    `${entry.name} is a model of the catalogue, and ${other.name} is not its file` +
      `${other.sha256 === null ? ', as far as can be told' : `: expected SHA-256 ${other.sha256}, got ${hashes.get(other.name)}`}. ` +
      'Import it under another name with --name.',
  );
}

interface Placement {
  readonly directory: string;
  readonly name: string;
  readonly hashes: Hashes;
  readonly entry: CatalogueEntry | null;
  /** Where what is replaced goes. */
  readonly aside: string;
}

async function place(folder: string, { directory, name, hashes, entry, aside }: Placement): Promise<void> {
  const target = join(directory, name);
  const there = (await stat(target).catch(() => null)) !== null;
  if (there && entry === null) {
    const model = await readImported(directory, name);
    if (model === null)
      throw new Failure(
        `There is already something named ${name} in ${directory}: give another name with --name.`,
      );
    const isSame =
      model.files.length === hashes.size &&
      model.files.every((file) => hashes.get(file.name) === file.sha256);
    if (!isSame)
      throw new Failure(
        `There is already a model ${name} in ${directory}, and it is another one. Import this one under another name with ` +
          `--name, or type "roundtable models remove ${name}" first.`,
      );
  }
  if (there) await rename(target, aside);
  await rename(folder, target);
}
