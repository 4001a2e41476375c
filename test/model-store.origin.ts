import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { create } from 'tar';
import type { CatalogueEntry, CatalogueFile, HubRepository } from '../server/model-store/catalogue-entry.ts';

const tls = new URL('./fixtures/tls/', import.meta.url);

/** Path of the certificate that `startOrigin({ tls: true })` presents; its own authority. */
export const certificatePath = new URL('cert.pem', tls).pathname;

/** A request as the server saw it. */
export interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly cookie?: string | undefined;
  readonly range?: string | undefined;
  readonly ifRange?: string | undefined;
}

/** An HTTP server on the loopback interface that answers as told. */
export interface Origin {
  readonly url: string;
  readonly seen: Seen[];
  readonly server: Server;
}

export type Answer = Buffer | ((response: ServerResponse, request: IncomingMessage) => void);

/** Starts a server that answers each path from `answers`, 404 otherwise. Answers may be changed at any time. */
export async function startOrigin(answers: Map<string, Answer>, options = { tls: false }): Promise<Origin> {
  const seen: Seen[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const path = decodeURIComponent(request.url ?? '');
    const { authorization, cookie, range, 'if-range': ifRange } = request.headers;
    seen.push({ path, authorization, cookie, range, ifRange: ifRange as string | undefined });
    const answer = answers.get(path);
    if (answer === undefined) response.writeHead(404).end();
    else if (Buffer.isBuffer(answer)) response.end(answer);
    else answer(response, request);
  };
  const server = options.tls
    ? createTlsServer(
        { key: readFileSync(new URL('key.pem', tls)), cert: readFileSync(certificatePath) },
        handle,
      )
    : createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}/`, seen, server };
}

/** How a file is served. */
export interface Serving {
  readonly etag?: string;
  /** Whether `Range` is understood; it is unless this is false. */
  readonly ranges?: boolean;
  /** Whether `Content-Length` is left out. */
  readonly chunked?: boolean;
  /** Asked once for each answer: after how many bytes of it the connection breaks, or null for not at all. */
  readonly breakAfter?: () => number | null;
  /** After how many bytes of it an answer stands still. */
  readonly holdAfter?: number;
}

/** An answer that serves `content` as a hub's store of files does: with ranges, entity tags, and what goes wrong with them. */
export function serve(content: Buffer, serving: Serving = {}): Answer {
  return (response, request) => {
    const { etag, ranges = true, chunked = false, breakAfter = () => null, holdAfter } = serving;
    const { range, 'if-range': ifRange } = request.headers;
    const asked = /^bytes=(\d+)-$/.exec(range ?? '');
    const isPartial = asked !== null && ranges && (ifRange === undefined || ifRange === etag);
    const start = isPartial ? Number(asked[1]) : 0;
    if (etag !== undefined) response.setHeader('etag', etag);
    if (isPartial && start >= content.length) {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
      return;
    }
    const body = content.subarray(start);
    if (isPartial)
      response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`);
    if (!chunked) response.setHeader('content-length', body.length);
    response.writeHead(isPartial ? 206 : 200);
    if (holdAfter !== undefined) {
      response.write(body.subarray(0, holdAfter));
      return;
    }
    const sentBytes = breakAfter();
    if (sentBytes === null) response.end(body);
    else response.write(body.subarray(0, sentBytes), () => response.destroy());
  };
}

/** Bytes that do not compress, the same for the same seed. */
export function noise(bytes: number, seed: number): Buffer {
  const blocks: Buffer[] = [];
  for (let block = 0; block * 64 < bytes; block++) {
    blocks.push(createHash('sha512').update(`${seed} ${block}`).digest());
  }
  return Buffer.concat(blocks).subarray(0, bytes);
}

/** A package's tarball as npm packs it: gzipped, everything under `package/`. */
export async function packTarball(files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'model-store-pack-'));
  for (const [path, content] of Object.entries({ 'package.json': Buffer.from('{}'), ...files })) {
    await mkdir(dirname(join(folder, 'package', path)), { recursive: true });
    await writeFile(join(folder, 'package', path), content);
  }
  await create({ gzip: true, cwd: folder, file: join(folder, 'out.tgz') }, ['package']);
  const tarball = await readFile(join(folder, 'out.tgz'));
  await rm(folder, { recursive: true });
  return tarball;
}

/** A registry's document about one package with one version. */
export function packument(version: string, tarballUrl: string): Buffer {
  return Buffer.from(JSON.stringify({ versions: { [version]: { dist: { tarball: tarballUrl } } } }));
}

/** A catalogue file whose size and hash are those of `content`. */
export function describeFile(name: string, content: Buffer, source: CatalogueFile['source']): CatalogueFile {
  return { name, bytes: content.length, sha256: sha256(content), source };
}

/** A catalogue file on hubs. */
export function hubFile(
  name: string,
  content: Buffer,
  repositories: readonly HubRepository[],
  known: { readonly bytes?: null; readonly sha256?: null } = {},
): CatalogueFile {
  return { ...describeFile(name, content, { kind: 'hub', repositories, path: name }), ...known };
}

/** A catalogue entry around the given files. */
export function describeModel(name: string, files: readonly CatalogueFile[]): CatalogueEntry {
  return {
    name,
    adapter: 'moonshine',
    languages: ['en'],
    licence: 'MIT',
    summary: 'A model for tests',
    files,
  };
}

/** SHA-256 in hex. */
export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
