import { randomBytes } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../failure.ts';

/** `<process>-<random>`, and what is fetched to such a name. */
const FILE_NAME = /^(\d+)-[0-9a-f]+(\.[0-9a-f]+\.part)?$/;

/**
 * Makes the folder that uploads lie in, for nobody else to read, and deletes what processes have left there that are gone.
 * @param dataDir the server's data folder; `none` for the system's folder of temporary files.
 * @throws {Failure} when there can be no such folder.
 */
export async function openUploadFolder(dataDir: string): Promise<string> {
  try {
    const folder = dataDir === 'none' ? await temporaryFolder() : join(dataDir, 'uploads');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      const owner = Number(FILE_NAME.exec(name)?.[1] ?? Number.NaN);
      if (!Number.isNaN(owner) && !isAlive(owner)) await rm(join(folder, name), { force: true });
    }

    return folder;
  } catch (error) {
    throw new Failure(
      `The folder for uploads cannot be used: ${(error as Error).message}. Mend that, or choose another place with --data-dir.`,
      { cause: error },
    );
  }
}

/** A name that no other process uses. */
export function uploadName(): string {
  return `${process.pid}-${randomBytes(16).toString('hex')}`;
}

/** One of the user's own, the same at each start; a fresh one where somebody else has taken that name. */
async function temporaryFolder(): Promise<string> {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `roundtable-uploads-${uid}`);
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch {
    const stats = await lstat(folder);
    if (!stats.isDirectory() || (uid !== -1 && stats.uid !== uid)) return mkdtemp(`${folder}-`);
  }

  return folder;
}

/** A process that begins has nothing there yet: what has its number is an earlier one's. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);

    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
