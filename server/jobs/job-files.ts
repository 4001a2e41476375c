import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import type { Upload } from '../upload/upload.ts';
import { JOB_ID } from './job-id.ts';

/** What was moved there just now may be a recording that another server is about to submit. */
const LEAST_AGE_MS = 600_000;

/** The recordings of jobs, as files of this machine, or of a folder that several share. */
export class JobFiles {
  readonly #folder: string;
  readonly #nameOf: (id: string) => string;
  /** What is younger is not swept. */
  readonly #leastAgeMs: number;

  private constructor(folder: string, nameOf: (id: string) => string, leastAgeMs: number) {
    this.#leastAgeMs = leastAgeMs;
    this.#folder = folder;
    this.#nameOf = nameOf;
  }

  /**
   * @param shared a folder that other servers use too; null for one of this server's own.
   * @param dataDir the server's data folder; `none` for jobs that end with the process.
   * @param uploadFolder that of `openUploadFolder`, which is on the same disk as the data folder.
   * @throws {Failure} when there can be no such folder.
   */
  static async open(shared: string | null, dataDir: string, uploadFolder: string): Promise<JobFiles> {
    // Among the uploads and by their pattern: what is left of them is deleted at the next start.
    if (shared === null && dataDir === 'none')
      return new JobFiles(uploadFolder, (id) => `${process.pid}-${id.replaceAll('-', '')}`, 0);
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

    return new JobFiles(folder, (id) => id, shared === null ? 0 : LEAST_AGE_MS);
  }

  path(id: string): string {
    return join(this.#folder, this.#nameOf(id));
  }

  /** Takes an upload's file over as a job's; what is left of the upload is still to be removed. */
  async take({ path }: Pick<Upload, 'path'>, id: string): Promise<void> {
    try {
      await rename(path, this.path(id));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      // Another disk. Nobody looks for it before it is submitted, so that it need not be there at once.
      await copyFile(path, this.path(id));
    }
  }

  /** Idempotent; never throws: what cannot be deleted now is at the next start. */
  async remove(id: string): Promise<void> {
    await rm(this.path(id), { force: true }).catch(() => {});
  }

  /** Deletes files of jobs that are not there. @param isNeeded whether the job is there, and may still need its file. */
  async sweep(isNeeded: (id: string) => Promise<boolean>, nowMs: number): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (!JOB_ID.test(name)) continue;
      const changedMs = (await stat(this.path(name)).catch(() => null))?.ctimeMs ?? nowMs;
      if (nowMs - changedMs >= this.#leastAgeMs && !(await isNeeded(name))) await this.remove(name);
    }
  }
}
