import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { Failure } from '../failure.ts';
import { type CatalogueFile, describeSource } from './catalogue.ts';
import { DownloadFailure } from './download-failure.ts';
import { inspectFile } from './installed-file.ts';

/**
 * A file being received. It grows under a temporary path, is counted and hashed as it grows, and takes its final
 * name only when it is complete, right and on the disk. Both paths must lie on one file system.
 */
export class IncomingFile {
  readonly #expected: CatalogueFile;
  readonly #temporaryPath: string;
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');
  #receivedBytes = 0;

  private constructor(expected: CatalogueFile, temporaryPath: string, handle: FileHandle) {
    this.#expected = expected;
    this.#temporaryPath = temporaryPath;
    this.#handle = handle;
  }

  /** Starts an empty file at `temporaryPath`, over whatever an earlier attempt left there. */
  static async create(expected: CatalogueFile, temporaryPath: string): Promise<IncomingFile> {
    return new IncomingFile(expected, temporaryPath, await open(temporaryPath, 'w'));
  }

  /**
   * Appends a chunk; the caller keeps the buffer but must not change it before the promise resolves.
   * @throws {Failure} when the file would outgrow its size in the catalogue; nothing of the chunk is written then.
   */
  async write(chunk: Uint8Array): Promise<void> {
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes > this.#expected.bytes) {
      const { name, bytes, source } = this.#expected;
      throw new Failure(
        `${name} from ${describeSource(source)} is larger than the ${bytes} bytes the catalogue names. ` +
          'It was not installed; check which registry or mirror it came from.',
      );
    }
    this.#hash.update(chunk);
    await this.#handle.writeFile(chunk);
  }

  /**
   * Checks size and hash, flushes to disk and moves the file to `finalPath`. Closed afterwards, whatever happens.
   * @throws {DownloadFailure} when bytes are missing.
   * @throws {Failure} when the hash is wrong.
   */
  async install(finalPath: string): Promise<void> {
    const { name, bytes, sha256, source } = this.#expected;
    try {
      if (this.#receivedBytes < bytes) {
        const message = `${name} from ${describeSource(source)} ended after ${this.#receivedBytes} of ${bytes} bytes.`;
        throw new DownloadFailure(message, 'Pull again.', true);
      }
      const got = this.#hash.digest('hex');
      if (got !== sha256) {
        throw new Failure(
          `${name} from ${describeSource(source)} is not the file the catalogue names: expected SHA-256 ${sha256}, ` +
            `got ${got}. It was not installed; check which registry or mirror it came from.`,
        );
      }
      // Without the flush a power cut could leave the final name on a file of zeros.
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
    await this.#moveTo(finalPath);
  }

  /** Closes and deletes the temporary file. Harmless after `install`. */
  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.#temporaryPath, { force: true });
  }

  async #moveTo(finalPath: string): Promise<void> {
    try {
      await rename(this.#temporaryPath, finalPath);
    } catch (error) {
      // Windows refuses to replace a file that another process has just installed and opened: then it is ours too.
      if ((await inspectFile(finalPath, this.#expected)) !== null) throw error;
    }
  }
}
