import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelDescription } from './catalogue-entry.ts';
import { removeParts } from './part-folder.ts';
import { partKey } from './part-key.ts';
import { openWorkspace } from './workspace.ts';

/**
 * Deletes a model's folder, and what has come of its files. The folder is gone from its place at once; a link to one is
 * deleted, and not what it leads to.
 */
export async function removeModel(directory: string, { name, files }: ModelDescription): Promise<void> {
  for (const file of files) await removeParts(directory, partKey(name, file.name));
  const folder = join(directory, name);
  if ((await stat(folder).catch(() => null)) === null) return;
  const workspace = await openWorkspace(directory);
  try {
    await rename(folder, join(workspace.path, name));
  } finally {
    await workspace.close();
  }
}
