import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelDescription } from './catalogue-entry.ts';
import { HASHES_NAME, readRecordedHashes } from './recorded-hashes.ts';

/** Beside the files of an imported model: what it was found to be. Hidden, and so no file of the model. */
const noteName = '.roundtable';

const adapters: readonly ModelDescription['adapter'][] = ['moonshine', 'sensevoice', 'sherpa', 'silero'];

/** Whether a file, by its name, is a paper that says what may be done with a model, and no part of it. */
export function isPaper(name: string): boolean {
  return /^(licen[cs]e|model_licen[cs]e|notice|readme)(\.\w+)?$/i.test(name);
}

/** The models in the directory that were imported, by name. Folders that hold none are passed over. */
export async function listImported(directory: string): Promise<readonly ModelDescription[]> {
  const names = await readdir(directory).catch(() => []);
  const models = names.filter((name) => !name.startsWith('.')).map((name) => readImported(directory, name));

  return (await Promise.all(models)).filter((model) => model !== null);
}

/** An imported model by its name, or null. The name is one that `assertModelName` lets through. */
export async function readImported(directory: string, name: string): Promise<ModelDescription | null> {
  const folder = join(directory, name);
  try {
    const { adapter, languages } = JSON.parse(await readFile(join(folder, noteName), 'utf8'));
    if (!adapters.includes(adapter) || !Array.isArray(languages)) return null;
    const described = { name, adapter, languages: languages.map(String) };
    const hashes = [...(await readRecordedHashes(folder))];
    const files = hashes.map(([file, sha256]) => ({ name: file, bytes: null, sha256 }));
    // Without hashes there is nothing to vouch for: that shows as a file that is missing.
    if (files.length === 0)
      return { ...described, files: [{ name: HASHES_NAME, bytes: null, sha256: null }] };

    return { ...described, files };
  } catch {
    return null;
  }
}

/** Notes in a folder what kind of model it holds. */
export async function noteImported(
  folder: string,
  { adapter, languages }: Pick<ModelDescription, 'adapter' | 'languages'>,
): Promise<void> {
  await writeFile(join(folder, noteName), `${JSON.stringify({ adapter, languages }, null, 2)}\n`);
}
