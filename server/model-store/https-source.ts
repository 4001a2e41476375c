import { Failure } from '../failure.ts';
import type { CatalogueFile, HttpsSource } from './catalogue.ts';
import { download, type Transfer } from './download.ts';
import type { Receiver } from './receiver.ts';

/** A file with an address of its own. */
export interface HttpsFile extends CatalogueFile {
  readonly source: HttpsSource;
}

/**
 * Reads one file from its address and installs it.
 *
 * npm's client reads it rather than the built-in `fetch`, which on Node 20 knows neither proxies nor npm's `cafile`.
 * Credentials go only to the hosts that .npmrc names them for.
 * @throws {DownloadFailure} for anything the network does.
 * @throws {Failure} when the address is not encrypted, or the file is not what it should be.
 */
export async function fetchFromHttps(file: HttpsFile, transfer: Transfer, receiver: Receiver): Promise<void> {
  const { url } = file.source;
  assertEncrypted(url);
  const request = {
    url,
    what: file.name,
    limitBytes: file.bytes,
    received: receiver.received,
    admit: assertEncrypted,
  };
  const incoming = await receiver.create(file);
  try {
    for await (const chunk of download(request, transfer)) await incoming.write(chunk);
    await receiver.install(file, incoming);
  } finally {
    await incoming.discard();
  }
}

function assertEncrypted(address: string): void {
  const { protocol, hostname } = new URL(address);
  const loopback = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  if (protocol === 'https:' || (protocol === 'http:' && loopback)) return;
  throw new Failure(`A model may only come from an https: address; ${protocol}//${hostname} is not one.`);
}
