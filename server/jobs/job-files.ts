import * as fileSystem from 'node:fs/promises';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StreamError } from '../errors.ts';
import { Failure } from '../failure.ts';
import { isDiskFull } from '../upload/disk-full.ts';
import type { Upload } from '../upload/upload.ts';
import { JOB_ID } from './job-id.ts';

/** What was written just now may be a recording that is about to be submitted, or that is being fetched. */
const LEAST_AGE_MS = 600_000;
/** What `fetchRecording` writes beside a recording's path. */
const PART = /\.[0-9a-f]+\.part$/;

const RETRY_AFTER_MS = 30_000;

/** What files are moved with; in place of the file system's own, for disks that are full. */
export type Mover = Pick<typeof fileSystem, 'rename' | 'copyFile'>;

/** The recordings of jobs, as files of this machine, or of a folder that several share. */
export class JobFiles {
  readonly #folder: string;
  readonly #nameOf: (id: string) => string;
  readonly #isShared: boolean;
  readonly #disk: Mover;

  private constructor(folder: string, nameOf: (id: string) => string, isShared: boolean, disk: Mover) {
    this.#isShared = isShared;
    this.#disk = disk;
    this.#folder = folder;
    this.#nameOf = nameOf;
  }

  /**
   * @param shared a folder that other servers use too; null for one of this server's own.
   * @param dataDir the server's data folder; `none` for jobs that end with the process.
   * @param uploadFolder that of `openUploadFolder`, which is on the same disk as the data folder.
   * @throws {Failure} when there can be no such folder.
   */
  static async open(
    shared: string | null,
    dataDir: string,
    uploadFolder: string,
    disk: Mover = fileSystem,
  ): Promise<JobFiles> {
    // Among the uploads and by their pattern: what is left of them is deleted at the next start.
    if (shared === null && dataDir === 'none')
      return new JobFiles(uploadFolder, (id) => `${process.pid}-${id.replaceAll('-', '')}`, false, disk);
    const folder = shared ?? join(dataDir, 'jobs');
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      const { message } = cause as Error;
      throw new Failure(
        `The folder for recordings cannot be used: ${message}. Mend that, or choose another place with ${shared === null ? '--data-dir' : '--recordings-dir'}.`,
        { cause },
      );
    }

    return new JobFiles(folder, (id) => id, shared !== null, disk);
  }

  path(id: string): string {
    return join(this.#folder, this.#nameOf(id));
  }

  /**
   * Takes an upload's file over as a job's; what is left of the upload is still to be removed.
   * @throws {StreamError} `no-space`. Nothing of it is there then, as after any other error.
   */
  async take({ path }: Pick<Upload, 'path'>, id: string): Promise<void> {
    try {
      await this.#disk.rename(path, this.path(id)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EXDEV') throw error;

        // Another disk. Nobody looks for it before it is submitted, so that it need not be there at once.
        return this.#disk.copyFile(path, this.path(id));
      });
    } catch (cause) {
      await this.remove(id);
      throw isDiskFull(cause)
        ? new StreamError('no-space', undefined, { cause, retryAfterMs: RETRY_AFTER_MS })
        : cause;
    }
  }

  /** Idempotent; never throws: what cannot be deleted now is swept later. */
  async remove(id: string): Promise<void> {
    await rm(this.path(id), { force: true }).catch(() => {});
  }

  /**
   * Deletes files of jobs that are not there, and what was begun to be fetched and is not written any more.
   * @param isNeeded whether the job is there, and may still need its file.
   * @param isFirst whether this server has taken nothing yet: what is there is others', then, or left behind.
   */
  async sweep(isNeeded: (id: string) => Promise<boolean>, nowMs: number, isFirst: boolean): Promise<void> {
    const leastAgeMs = isFirst && !this.#isShared ? Number.NEGATIVE_INFINITY : LEAST_AGE_MS;
    for (const name of await readdir(this.#folder)) {
      const id = name.replace(PART, '');
      if (!JOB_ID.test(id)) continue;
      const path = join(this.#folder, name);
      const changedMs = (await stat(path).catch(() => null))?.ctimeMs ?? nowMs;
      if (nowMs - changedMs < leastAgeMs || (name === id && (await isNeeded(id)))) continue;
      await rm(path, { force: true }).catch(() => {});
    }
  }
}
