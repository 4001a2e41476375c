import { statfs } from 'node:fs/promises';
import { Failure } from '../failure.ts';
import { megabytes } from './progress.ts';

/** Left free for everything else that writes to the disk. */
const MARGIN_BYTES = 64e6;

/**
 * Looks whether the disk has room for what is about to come, so that nobody waits for a download that cannot end well.
 * @param directory exists.
 * @throws {Failure} when it has not.
 */
export async function assertRoom(directory: string, what: string, neededBytes: number): Promise<void> {
  const disk = await statfs(directory).catch(() => null);
  // Some network file systems do not say.
  if (disk === null || disk.blocks === 0) return;
  const freeBytes = disk.bavail * disk.bsize;
  if (neededBytes + MARGIN_BYTES <= freeBytes) return;
  throw new Failure(
    `${what} needs ${megabytes(neededBytes)} more in ${directory}, with ${megabytes(MARGIN_BYTES)} to spare, and ` +
      `${megabytes(freeBytes)} are free there. Free some, or name another folder with --models-dir.`,
  );
}
