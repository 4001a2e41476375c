import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, StreamError } from '../errors.ts';
import type { PostRequest } from '../net/http.ts';
import { ClientGoneError } from '../net/request-body.ts';
import { isDiskFull } from './disk-full.ts';
import { readForm } from './read-form.ts';
import type { Upload } from './upload.ts';
import { uploadName } from './upload-folder.ts';

/** What of a form may be something else than its file. */
const FORM_SLACK_BYTES = 2_097_152;
const RETRY_AFTER_MS = 5000;
/** What one key may have of all uploads, so that there is something left for the others. */
const KEY_SHARE = 1 / 2;

/** What bounds uploads. */
export interface UploadBounds {
  /** Of one recording. */
  readonly maxUploadBytes: number;
  /** At once, from their beginning until they are removed; half of them of one key. */
  readonly maxUploads: number;
}

/** Who hears of what clients are told. */
export interface UploadObserver {
  error(code: ErrorCode, cause?: unknown): void;
}

/** Where pieces of an upload go. */
type Spool = Pick<FileHandle, 'appendFile' | 'close'>;

/** Where and how uploads are kept. */
export interface UploadParts {
  /** That of `openUploadFolder`. */
  readonly folder: string;
  readonly bounds: UploadBounds;
  readonly observer: UploadObserver;
  /** Makes a file; in place of the file system's own, for disks that are full. */
  readonly create?: (path: string) => Promise<Spool>;
}

/** A file while it is written. */
interface Spooled {
  readonly path: string;
  /** Whose it is. */
  readonly key: string | null;
  bytes: number;
}

/**
 * Takes recordings that are sent over HTTP, and keeps them on the disk until they are removed. What goes wrong while one is
 * taken leaves nothing behind.
 */
export class Uploads {
  readonly #parts: Required<UploadParts>;
  readonly #present = new Set<Spooled>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | null = null;
  #onEmpty: () => void = () => {};

  constructor(parts: UploadParts) {
    this.#parts = { create: (path) => open(path, 'wx', 0o600), ...parts };
  }

  /** From their beginning until they are removed. */
  get underWay(): number {
    return this.#present.size;
  }

  /** What they take of the disk. */
  get diskBytes(): number {
    let sum = 0;
    for (const { bytes } of this.#present) sum += bytes;

    return sum;
  }

  /**
   * Takes the whole body as the recording.
   * @param key its sender's; null where there are none.
   * @returns what the caller has to remove, whatever becomes of its request.
   * @throws {StreamError} `upload-too-large`, `too-many-uploads`, `upload-stalled`, `no-space`, `draining` or `internal`.
   * @throws {ClientGoneError}
   */
  body(request: PostRequest, key: string | null): Promise<Upload> {
    return this.#take(request, key, 0, async (write) => {
      await write(request.body);

      return { fileName: '', contentType: request.headers['content-type'], fields: new Map() };
    });
  }

  /**
   * Takes a form (`multipart/form-data`), the file of that name being the recording.
   * @param key its sender's; null where there are none.
   * @returns what the caller has to remove, whatever becomes of its request.
   * @throws {StreamError} as `body`; `bad-message` and `out-of-range` for what is no such form.
   * @throws {ClientGoneError}
   */
  form(request: PostRequest, fileField: string, key: string | null): Promise<Upload> {
    const { maxUploadBytes } = this.#parts.bounds;

    return this.#take(request, key, FORM_SLACK_BYTES, (write) =>
      readForm(bounded(request.body, maxUploadBytes), request.headers['content-type'], fileField, write),
    );
  }

  /** Takes no more, gives up what is coming, and resolves when all are removed. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#closing.abort(new StreamError('draining'));
      this.#onEmpty = () => {
        if (this.#present.size === 0) resolve();
      };
      this.#onEmpty();
    });

    return this.#closed;
  }

  async #take(
    { headers }: PostRequest,
    key: string | null,
    slackBytes: number,
    read: (
      write: (pieces: AsyncIterable<Uint8Array>) => Promise<void>,
    ) => Promise<Pick<Upload, 'fileName' | 'contentType' | 'fields'>>,
  ): Promise<Upload> {
    const { folder, bounds, observer } = this.#parts;
    const spooled: Spooled = { path: join(folder, uploadName()), key, bytes: 0 };
    try {
      this.#closing.signal.throwIfAborted();
      if (Number(headers['content-length']) > bounds.maxUploadBytes + slackBytes)
        throw tooLarge(bounds.maxUploadBytes);
      this.#throwIfTooMany(key);
      this.#present.add(spooled);
      const told = await this.#spool(spooled, read);

      return { ...told, ...spooled, remove: () => this.#remove(spooled) };
    } catch (error) {
      await this.#remove(spooled);
      const known = asKnown(error);
      if (known instanceof StreamError) observer.error(known.code, known.cause);
      throw known;
    }
  }

  #throwIfTooMany(key: string | null): void {
    const { maxUploads } = this.#parts.bounds;
    const options = { retryAfterMs: RETRY_AFTER_MS };
    if (this.#present.size >= maxUploads) throw new StreamError('too-many-uploads', undefined, options);
    if (key === null) return;
    const ofKey = [...this.#present].filter((each) => each.key === key).length;
    if (ofKey >= Math.ceil(maxUploads * KEY_SHARE))
      throw new StreamError('too-many-uploads', 'This key has as many as one may.', options);
  }

  /** Fills the file with what `read` writes. */
  async #spool<T>(
    spooled: Spooled,
    read: (write: (pieces: AsyncIterable<Uint8Array>) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    const { bounds, create } = this.#parts;
    const file = await create(spooled.path);
    try {
      const write = async (pieces: AsyncIterable<Uint8Array>) => {
        for await (const piece of pieces) {
          if (spooled.bytes + piece.length > bounds.maxUploadBytes) throw tooLarge(bounds.maxUploadBytes);
          await file.appendFile(piece);
          spooled.bytes += piece.length;
        }
      };

      return await unlessAborted(read(write), this.#closing.signal);
    } finally {
      await file.close();
    }
  }

  async #remove(spooled: Spooled): Promise<void> {
    // What cannot be deleted now is when a server starts here.
    await rm(spooled.path, { force: true }).catch(() => {});
    this.#present.delete(spooled);
    this.#onEmpty();
  }
}

function tooLarge(maxBytes: number): StreamError {
  return new StreamError('upload-too-large', `A recording has at most ${maxBytes} bytes.`);
}

/** A form whose file may have so many bytes. @throws {StreamError} `upload-too-large`. */
async function* bounded(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > maxBytes + FORM_SLACK_BYTES) throw tooLarge(maxBytes);
    yield piece;
  }
}

function asKnown(error: unknown): unknown {
  if (error instanceof StreamError || error instanceof ClientGoneError) return error;
  if (isDiskFull(error))
    return new StreamError('no-space', undefined, { cause: error, retryAfterMs: RETRY_AFTER_MS });

  return new StreamError('internal', undefined, { cause: error });
}

/** What `work` comes to, or the signal's reason when that is sooner; `work` goes on by itself then. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
