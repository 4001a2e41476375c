import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ExpectedFile } from './catalogue-entry.ts';
import { DownloadFailure, WrongFile } from './download-failure.ts';
import { inspectFile } from './installed-file.ts';

const READ_BYTES = 1 << 20;

/**
 * A file being received. It grows under a temporary path, is counted and hashed as it grows, and takes its final
 * name only when it is complete, right and on the disk. Both paths must lie on one file system.
 */
export class IncomingFile {
  /** Whom the bytes come from, for messages. */
  from: string;
  readonly #expected: ExpectedFile;
  readonly #temporaryPath: string;
  readonly #handle: FileHandle;
  #hash: Hash = createHash('sha256');
  #receivedBytes = 0;

  private constructor(expected: ExpectedFile, temporaryPath: string, handle: FileHandle, from: string) {
    this.#expected = expected;
    this.#temporaryPath = temporaryPath;
    this.#handle = handle;
    this.from = from;
  }

  /** Starts an empty file at `temporaryPath`, over whatever an earlier attempt left there. */
  static async create(expected: ExpectedFile, temporaryPath: string, from: string): Promise<IncomingFile> {
    return new IncomingFile(expected, temporaryPath, await open(temporaryPath, 'w'), from);
  }

  /** Goes on with the file at `temporaryPath`, whose bytes are read and hashed; starts one where there is none. */
  static async resume(expected: ExpectedFile, temporaryPath: string, from: string): Promise<IncomingFile> {
    const handle = await open(temporaryPath, constants.O_RDWR | constants.O_CREAT);
    const file = new IncomingFile(expected, temporaryPath, handle, from);
    try {
      await file.#readBack();
    } catch (error) {
      await handle.close();
      throw error;
    }
    return file;
  }

  /** Bytes there are so far. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /**
   * Appends a chunk; the caller keeps the buffer but must not change it before the promise resolves.
   * @throws {WrongFile} when the file would outgrow its size in the catalogue; nothing of the chunk is written then.
   */
  async write(chunk: Uint8Array): Promise<void> {
    const { name, bytes } = this.#expected;
    if (bytes !== null && this.#receivedBytes + chunk.length > bytes)
      throw new WrongFile(`${name} from ${this.from} is larger than the ${bytes} bytes the catalogue names.`);
    for (let written = 0; written < chunk.length; ) {
      const at = this.#receivedBytes + written;
      const { bytesWritten } = await this.#handle.write(chunk, written, chunk.length - written, at);
      written += bytesWritten;
    }
    this.#hash.update(chunk);
    this.#receivedBytes += chunk.length;
  }

  /** Throws away what there is, to begin anew. */
  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = createHash('sha256');
    this.#receivedBytes = 0;
  }

  /**
   * Checks size and hash, flushes to disk and moves the file to `finalPath`, whose folder is made if need be. Closed
   * once the checks are passed; before that it can be gone on with.
   * @param keep called with the SHA-256 in hex before the file takes its name.
   * @throws {DownloadFailure} when bytes are missing.
   * @throws {WrongFile} when the hash is wrong.
   */
  async install(finalPath: string, keep: (sha256: string) => Promise<void>): Promise<void> {
    const { name, bytes, sha256 } = this.#expected;
    if (bytes !== null && this.#receivedBytes < bytes) {
      const message = `${name} from ${this.from} ended after ${this.#receivedBytes} of ${bytes} bytes.`;
      throw new DownloadFailure(message, 'Pull again.', true);
    }
    const got = this.#hash.copy().digest('hex');
    if (sha256 !== null && got !== sha256) {
      throw new WrongFile(
        `${name} from ${this.from} is not the file the catalogue names: expected SHA-256 ${sha256}, got ${got}.`,
      );
    }
    // Without the flush a power cut could leave the final name on a file of zeros.
    await this.#handle.sync();
    await this.#handle.close();
    await keep(got);
    await this.#moveTo(finalPath, { ...this.#expected, sha256: got });
  }

  /** Closes the temporary file and leaves it where it is. Idempotent. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Closes and deletes the temporary file. Harmless after `install`. */
  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.#temporaryPath, { force: true });
  }

  async #readBack(): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#receivedBytes);
      if (bytesRead === 0) return;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#receivedBytes += bytesRead;
    }
  }

  async #moveTo(finalPath: string, expected: ExpectedFile): Promise<void> {
    await mkdir(dirname(finalPath), { recursive: true });
    try {
      await rename(this.#temporaryPath, finalPath);
    } catch (error) {
      // Windows refuses to replace a file that another process has just installed and opened: then it is ours too.
      if ((await inspectFile(finalPath, expected)) !== null) throw error;
    }
  }
}
