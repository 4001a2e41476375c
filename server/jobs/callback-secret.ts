import { randomBytes } from 'node:crypto';
import { access, link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure.ts';

/** Shorter ones could be guessed. */
const LEAST_CHARACTERS = 16;

/**
 * What callbacks are signed with: the file's content without the blanks around it, or a secret that is made in the data folder
 * at the first start.
 * @returns null where there is neither a file nor a data folder.
 * @throws {Failure} when it cannot be read, or is too short.
 */
export async function callbackSecret(file: string, dataDir: string): Promise<string | null> {
  if (file === 'none' && dataDir === 'none') return null;
  const path = file === 'none' ? join(dataDir, 'callback-secret') : file;
  try {
    if (file === 'none') await make(path);
    const secret = (await readFile(path, 'utf8')).trim();
    if (secret.length >= LEAST_CHARACTERS) return secret;
  } catch (cause) {
    const { message } = cause as Error;
    throw new Failure(`The secret for callbacks cannot be read: ${message}. Mend that.`, { cause });
  }
  throw new Failure(`The secret for callbacks in ${path} is shorter than ${LEAST_CHARACTERS} characters.`);
}

/** Whole or not at all: several servers may want it at once. */
async function make(path: string): Promise<void> {
  if (await exists(path)) return;
  const draft = `${path}-${randomBytes(8).toString('hex')}`;
  await writeFile(draft, `${randomBytes(32).toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
