import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Failure } from '../failure.ts';
import { MaskList } from './mask-list.ts';
import { readWord } from './read-words.ts';

/** The operator's list. */
export interface MaskFile {
  readonly list: MaskList;
  /** The same for the same words; null where there are none. */
  readonly hash: string | null;
}

const MAX_WORDS = 100_000;

/**
 * Reads the operator's list of words that nobody is to read: one in each line; blank lines and those that begin with # do not
 * count. What is wrong is told by its line, never with what stands there.
 * @param path `none` for no list.
 * @throws {Failure}
 */
export async function readMaskFile(path: string): Promise<MaskFile> {
  if (path === 'none') return { list: MaskList.of([]), hash: null };
  const lines = (await read(path)).split(/\r?\n/u).map((line) => line.trim());
  const words = lines.flatMap((line, i) =>
    line === '' || line.startsWith('#') ? [] : [wordIn(path, line, i)],
  );
  if (words.length > MAX_WORDS)
    throw new Failure(`The list of masked words ${path} has more than ${MAX_WORDS} words.`);

  const hash = createHash('sha256').update(JSON.stringify(words.sort())).digest('hex');

  return { list: MaskList.of(words), hash: words.length === 0 ? null : hash };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    throw new Failure(`The list of masked words ${path} cannot be read (${code}).`);
  }
}

function wordIn(path: string, line: string, index: number): string {
  try {
    return readWord(line, `line ${index + 1}`);
  } catch (error) {
    throw new Failure(`The list of masked words ${path} is wrong: ${(error as Error).message}`);
  }
}
