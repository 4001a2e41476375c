import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { type HttpAnswer, notFound, type RouteRequest } from './http.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};
/** A name with the hash of what is in it, in base32 or hexadecimal, as bundlers write them: `captions-5XK2QJ7A.js`. */
const HASHED = /[-.](?:[A-Z2-7]{8,}|[0-9a-f]{8,})\.[a-z0-9]+(?:\.map)?$/;
const A_YEAR = 'public, max-age=31536000, immutable';
/** Kept, but asked for again each time. */
const ASK_FIRST = 'no-cache';
/** A page tells other sites nothing of the meeting in its address. */
const PAGE_HEADERS = { 'referrer-policy': 'same-origin' };

interface StaticFile {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly etag: string;
  readonly cacheControl: string;
}

/** The files of a folder, read once: what is asked for is looked up among their names, so that no path leads elsewhere. */
export class StaticFiles {
  /** By path within the folder, with slashes. */
  readonly #files: ReadonlyMap<string, StaticFile>;

  private constructor(files: ReadonlyMap<string, StaticFile>) {
    this.#files = files;
  }

  /** @returns null when there is no such folder. */
  static async load(directory: string): Promise<StaticFiles | null> {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    });
    if (!entries) return null;
    const files = new Map<string, StaticFile>();
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(relative(directory, path).split(sep).join('/'), describe(entry.name, await readFile(path)));
    }

    return new StaticFiles(files);
  }

  /** Paths within the folder, with slashes. */
  get names(): readonly string[] {
    return [...this.#files.keys()];
  }

  has(name: string): boolean {
    return this.#files.has(name);
  }

  /** The file of that name; 404 when there is none. */
  answer(name: string, { headers }: Pick<RouteRequest, 'headers'>): HttpAnswer {
    const file = this.#files.get(name);
    if (!file) return notFound();
    const { body, contentType, etag, cacheControl } = file;
    const isPage = contentType.startsWith('text/html');
    const shared = { contentType, cacheControl, headers: { etag, ...(isPage && PAGE_HEADERS) } };
    if (headers['if-none-match'] === etag) return { ...shared, status: '304 Not Modified', body: '' };

    return { ...shared, status: '200 OK', body };
  }
}

function describe(name: string, body: Uint8Array): StaticFile {
  return {
    body,
    contentType: CONTENT_TYPES[extname(name)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    cacheControl: HASHED.test(name) ? A_YEAR : ASK_FIRST,
  };
}
