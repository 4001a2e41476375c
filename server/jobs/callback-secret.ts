import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
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

async function make(path: string): Promise<void> {
  try {
    await writeFile(path, `${randomBytes(32).toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
