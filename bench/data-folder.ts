import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../server/failure.ts';

/** A recording with its transcript. */
export interface Clip {
  readonly path: string;
  /** The folder it lies in, relative to the data: `en/ljspeech`. */
  readonly folder: string;
  readonly language: string;
  readonly reference: string;
}

/**
 * Reads `refs.tsv` of a data folder: a heading, then path, language, …, reference in each row.
 * @throws {Failure} when there is none.
 */
export async function readClips(data: string): Promise<readonly Clip[]> {
  const table = await readFile(join(data, 'refs.tsv'), 'utf8').catch(() => {
    throw new Failure(
      `There is no refs.tsv in ${data}: --data has to name a folder of recordings with references.`,
    );
  });
  const [heads, ...rows] = table
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  const column = (name: string) => heads!.indexOf(name);

  return rows.map((row) => {
    const path = row[column('path')]!;

    return {
      path: join(data, path),
      folder: dirname(path),
      language: row[column('lang')]!,
      reference: row[column('reference')]!,
    };
  });
}

/** Files of a folder by the end of their names, sorted; none when there is no such folder. */
export async function listFiles(folder: string, ...ends: readonly string[]): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);

  return names
    .filter((name) => ends.some((end) => name.endsWith(end)))
    .sort()
    .map((name) => join(folder, name));
}
