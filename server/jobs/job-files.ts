import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import type { Upload } from '../upload/upload.ts';
import { JOB_ID } from './job-id.ts';

/** The recordings of jobs, as files of this machine. */
export class JobFiles {
  readonly #folder: string;
  readonly #nameOf: (id: string) => string;

  private constructor(folder: string, nameOf: (id: string) => string) {
    this.#folder = folder;
    this.#nameOf = nameOf;
  }

  /**
   * @param dataDir the server's data folder; `none` for jobs that end with the process.
   * @param uploadFolder that of `openUploadFolder`, which is on the same disk.
   * @throws {Failure} when there can be no such folder.
   */
  static async open(dataDir: string, uploadFolder: string): Promise<JobFiles> {
    // Among the uploads and by their pattern: what is left of them is deleted at the next start.
    if (dataDir === 'none')
      return new JobFiles(uploadFolder, (id) => `${process.pid}-${id.replaceAll('-', '')}`);
    const folder = join(dataDir, 'jobs');
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      const { message } = cause as Error;
      throw new Failure(
        `The folder for recordings cannot be used: ${message}. Mend that, or choose another place with --data-dir.`,
        { cause },
      );
    }

    return new JobFiles(folder, (id) => id);
  }

  path(id: string): string {
    return join(this.#folder, this.#nameOf(id));
  }

  /** Takes an upload's file over as a job's; what is left of the upload is still to be removed. */
  take({ path }: Pick<Upload, 'path'>, id: string): Promise<void> {
    return rename(path, this.path(id));
  }

  /** Idempotent; never throws: what cannot be deleted now is at the next start. */
  async remove(id: string): Promise<void> {
    await rm(this.path(id), { force: true }).catch(() => {});
  }

  /** Deletes files of jobs that are not there. @param isThere whether the job may still need its file. */
  async sweep(isThere: (id: string) => Promise<boolean>): Promise<void> {
    const names = await readdir(this.#folder);
    for (const name of names) if (JOB_ID.test(name) && !(await isThere(name))) await this.remove(name);
  }
}
