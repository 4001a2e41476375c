import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Failure } from '../failure.ts';
import { type CatalogueEntry, type CatalogueFile, catalogue as knownModels } from './catalogue.ts';
import { defaultModelsDirectory } from './directory.ts';
import { fetchShipments, planShipments } from './fetch-files.ts';
import { type FileProblem, inspectFile, sizeOnDisk } from './installed-file.ts';
import { loadNpmSettings, type NpmEnvironment } from './npm-settings.ts';
import { type Progress, silentProgress } from './progress.ts';
import { Receiver } from './receiver.ts';
import { openWorkspace, removeLeftovers } from './workspace.ts';

/** A catalogue entry and how much of it is on disk, judged by sizes alone. */
export interface ListedModel {
  readonly entry: CatalogueEntry;
  /** `incomplete`: some of its files are there, but not all or not in the right size. */
  readonly state: 'installed' | 'incomplete' | 'absent';
}

/** A model on disk, every byte checked. */
export interface ResolvedModel {
  readonly name: string;
  readonly adapter: CatalogueEntry['adapter'];
  readonly languages: readonly string[];
  /** SHA-256 in hex over the sorted lines `sha256  name`, each ended by a newline: `sha256sum * | sort | sha256sum`. */
  readonly contentHash: string;
  /** Absolute path of each file by its name in the catalogue. */
  readonly files: Readonly<Record<string, string>>;
}

/** Keeps models in a directory, one folder each, and vouches for their bytes. */
export class ModelStore {
  /** Absolute. */
  readonly directory: string;
  readonly #catalogue: readonly CatalogueEntry[];
  readonly #npm: NpmEnvironment;

  /**
   * @param options.directory need not exist yet.
   * @param options.npm where npm's settings are looked for; by default where npm itself would.
   */
  constructor(options: { directory: string; catalogue?: readonly CatalogueEntry[]; npm?: NpmEnvironment }) {
    this.directory = resolve(options.directory);
    this.#catalogue = options.catalogue ?? knownModels;
    this.#npm = options.npm ?? { env: process.env, cwd: process.cwd() };
  }

  /** Every model of the catalogue, in its order. Looks at sizes only; `verify` reads the bytes. */
  async list(): Promise<readonly ListedModel[]> {
    return await Promise.all(
      this.#catalogue.map(async (entry) => {
        const sizes = await Promise.all(entry.files.map((file) => sizeOnDisk(this.#path(entry, file))));
        const right = entry.files.every((file, index) => sizes[index] === file.bytes);
        const none = sizes.every((bytes) => bytes === null);
        return { entry, state: right ? 'installed' : none ? 'absent' : 'incomplete' };
      }),
    );
  }

  /**
   * Fetches the files of a model that are missing or damaged. Each takes its final name only when it is complete and
   * its hash is right, so an interruption at any moment leaves whole files or none, and the next pull fetches the
   * rest. Several pulls may run at once, in one process or in many.
   * @returns the names of the files fetched: none when all were in place.
   * @throws {Failure} when the model is unknown, or cannot be fetched or stored; the message says what to do.
   * @throws the signal's reason once aborted.
   */
  async pull(
    name: string,
    { signal = new AbortController().signal, progress = silentProgress }: PullOptions = {},
  ): Promise<readonly string[]> {
    const entry = this.#find(name);
    signal.throwIfAborted();
    try {
      await removeLeftovers(this.directory);
      const missing = await this.#missing(entry);
      if (missing.length > 0) await this.#fetch(entry, missing, signal, progress);
      return missing.map((file) => file.name);
    } catch (error) {
      signal.throwIfAborted();
      throw explainDisk(error, this.directory);
    }
  }

  /**
   * Reads and hashes every file of a model.
   * @returns what is wrong, file by file; empty when all is well.
   * @throws {Failure} when the model is unknown or a file cannot be read.
   */
  async verify(name: string): Promise<readonly FileProblem[]> {
    const entry = this.#find(name);
    const problems: FileProblem[] = [];
    try {
      for (const file of entry.files) {
        const problem = await inspectFile(this.#path(entry, file), file);
        if (problem !== null) problems.push(problem);
      }
    } catch (error) {
      throw explainDisk(error, this.directory);
    }
    return problems;
  }

  /**
   * Finds a model and checks every byte of it.
   * @throws {Failure} when it is unknown, missing or damaged; the message says what to type.
   */
  async resolve(name: string): Promise<ResolvedModel> {
    const entry = this.#find(name);
    const problems = await this.verify(name);
    if (problems.length > 0) {
      const absent =
        problems.length === entry.files.length && problems.every(({ kind }) => kind === 'missing');
      const what = absent ? 'is not installed' : `cannot be used: ${listProblems(problems)}`;
      throw new Failure(
        `The model ${name} in ${this.directory} ${what}. Run "${this.pullCommand(name)}" to fetch it.`,
      );
    }
    const lines = entry.files.map((file) => `${file.sha256}  ${file.name}\n`).sort();
    return {
      name,
      adapter: entry.adapter,
      languages: entry.languages,
      contentHash: createHash('sha256').update(lines.join('')).digest('hex'),
      files: Object.fromEntries(entry.files.map((file) => [file.name, this.#path(entry, file)])),
    };
  }

  /** What to type to fetch or repair a model in this directory. */
  pullCommand(name: string): string {
    const elsewhere = this.directory !== resolve(defaultModelsDirectory());
    return `roundtable models pull ${name}${elsewhere ? ` --models-dir '${this.directory}'` : ''}`;
  }

  async #missing(entry: CatalogueEntry): Promise<readonly CatalogueFile[]> {
    const problems = await this.verify(entry.name);
    return entry.files.filter((file) => problems.some((problem) => problem.file === file.name));
  }

  async #fetch(
    entry: CatalogueEntry,
    missing: readonly CatalogueFile[],
    signal: AbortSignal,
    progress: Progress,
  ): Promise<void> {
    const settings = await loadNpmSettings(this.#npm);
    const shipments = planShipments(missing);
    const modelDirectory = join(this.directory, entry.name);
    await mkdir(modelDirectory, { recursive: true });
    const workspace = await openWorkspace(this.directory);
    const totalBytes = shipments.reduce((sum, { bytes }) => sum + bytes, 0);
    progress.start(entry.name, totalBytes);
    let outcome: 'done' | 'failed' = 'failed';
    try {
      const receiver = new Receiver(workspace.path, modelDirectory, missing, progress);
      await fetchShipments(shipments, { settings, signal }, receiver, (sentence) => progress.note(sentence));
      outcome = 'done';
    } finally {
      progress.finish(outcome);
      await workspace.close();
    }
  }

  #path(entry: CatalogueEntry, file: CatalogueFile): string {
    return join(this.directory, entry.name, file.name);
  }

  #find(name: string): CatalogueEntry {
    const entry = this.#catalogue.find((candidate) => candidate.name === name);
    if (entry !== undefined) return entry;
    const names = this.#catalogue.map((candidate) => candidate.name).join(', ');
    throw new Failure(`There is no model named "${name}". The models known are: ${names}.`);
  }
}

/** How a pull is followed and stopped. */
export interface PullOptions {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/** Problems as one clause. */
export function listProblems(problems: readonly FileProblem[]): string {
  return problems.map(({ description }) => description).join('; ');
}

/** Puts an error of the file system into a sentence; anything else is returned as it is. */
function explainDisk(error: unknown, directory: string): unknown {
  if (error instanceof Failure) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Failure(
      `There is no room for the model in ${directory}. Free some, or name another folder with --models-dir.`,
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new Failure(
      `The models directory ${directory} may not be read or written (${code}). ` +
        'Change its permissions, or name another folder with --models-dir.',
    );
  }
  if (code === 'ENOTDIR' || code === 'EEXIST' || code === 'EISDIR' || code === 'ENOENT') {
    return new Failure(
      `${directory} cannot hold models (${code}): something else is in the way. ` +
        'Move it, or name another folder with --models-dir.',
    );
  }
  return error;
}
