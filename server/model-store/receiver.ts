import { join } from 'node:path';
import type { CatalogueFile } from './catalogue-entry.ts';
import { IncomingFile } from './incoming-file.ts';
import type { Progress } from './progress.ts';
import { recordHash } from './recorded-hashes.ts';

/** Takes in the files of one pull: installs each, records hashes nobody has published, and keeps the progress honest. */
export class Receiver {
  readonly #workspace: string;
  readonly #modelDirectory: string;
  readonly #progress: Progress;
  readonly #pending: Set<CatalogueFile>;
  #attemptBytes = 0;

  /** Both directories exist and lie on one file system; `files` are those still to be installed. */
  constructor(
    workspace: string,
    modelDirectory: string,
    files: readonly CatalogueFile[],
    progress: Progress,
  ) {
    this.#workspace = workspace;
    this.#modelDirectory = modelDirectory;
    this.#pending = new Set(files);
    this.#progress = progress;
  }

  /** Files not yet installed; what an earlier attempt brought home need not be fetched again. */
  get pending(): ReadonlySet<CatalogueFile> {
    return this.#pending;
  }

  /** Counts bytes of an archive that came over the network. */
  readonly received = (bytes: number): void => {
    this.#attemptBytes += bytes;
    this.#progress.advance(bytes);
  };

  /** Opens a temporary place for a file out of an archive. */
  create(file: CatalogueFile, from: string): Promise<IncomingFile> {
    return IncomingFile.create(file, join(this.#workspace, file.name), from);
  }

  /** Verifies a file and gives it its final name; throws as `IncomingFile.install` does. */
  async install(file: CatalogueFile, incoming: IncomingFile): Promise<void> {
    await incoming.install(join(this.#modelDirectory, file.name), async (sha256) => {
      if (file.sha256 !== null) return;
      await recordHash(this.#modelDirectory, file.name, sha256);
      this.#progress.note(
        `Nobody has published the SHA-256 of ${file.name}, so what came is trusted: ${sha256}. It is recorded, and ` +
          'the file is held to it from now on.',
      );
    });
    this.#pending.delete(file);
  }

  /** Begins the count of an attempt. */
  beginAttempt(): void {
    this.#attemptBytes = 0;
  }

  /** Takes a failed attempt's bytes off the progress. */
  abandonAttempt(): void {
    this.#progress.advance(-this.#attemptBytes);
  }
}
