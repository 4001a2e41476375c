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
import type { CatalogueEntry, CatalogueFile } from '../server/model-store/catalogue.ts';

const tls = new URL('./fixtures/tls/', import.meta.url);

/** Path of the certificate that `startOrigin({ tls: true })` presents; its own authority. */
export const certificatePath = new URL('cert.pem', tls).pathname;

/** A request as the server saw it. */
export interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
}

/** An HTTP server on the loopback interface that answers as told. */
export interface Origin {
  readonly url: string;
  readonly seen: Seen[];
  readonly server: Server;
}

type Answer = Buffer | ((response: ServerResponse, request: IncomingMessage) => void);

/** Starts a server that answers each path from `answers`, 404 otherwise. Answers may be changed at any time. */
export async function startOrigin(answers: Map<string, Answer>, options = { tls: false }): Promise<Origin> {
  const seen: Seen[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const path = decodeURIComponent(request.url ?? '');
    seen.push({ path, authorization: request.headers.authorization });
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
