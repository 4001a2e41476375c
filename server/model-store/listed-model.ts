import { join } from 'node:path';
import type { CatalogueEntry, ExpectedFile, ModelDescription } from './catalogue-entry.ts';
import { sizeOnDisk } from './installed-file.ts';
import { partBytes } from './part-folder.ts';
import { partKey } from './part-key.ts';

/** A model and how much of it is on disk, judged by sizes alone. */
export interface ListedModel {
  readonly model: ModelDescription;
  /** Null where it was imported. */
  readonly entry: CatalogueEntry | null;
  /** `incomplete`: some of it is there, but not all of its files, or not all in the right size. */
  readonly state: 'installed' | 'incomplete' | 'absent';
  /** Of all its files; of those whose size nobody has published, what is on disk. */
  readonly totalBytes: number;
  /** On disk, with what has come of files that are being fetched. */
  readonly hereBytes: number;
}

/**
 * Looks at the sizes of a model's files.
 * @param entry the model's in the catalogue, or null.
 * @param files its files, with the hashes that were recorded.
 */
export async function lookAtModel(
  directory: string,
  model: ModelDescription,
  entry: CatalogueEntry | null,
  files: readonly ExpectedFile[],
): Promise<ListedModel> {
  const looks = await Promise.all(
    files.map(async ({ name, bytes, sha256 }) => {
      const size = await sizeOnDisk(join(directory, model.name, name));
      const part = size === null ? await partBytes(directory, partKey(model.name, name)) : 0;
      const isRight = size !== null && sha256 !== null && (bytes === null || bytes === size);

      return { totalBytes: bytes ?? size ?? 0, hereBytes: size ?? part, isRight };
    }),
  );
  const totalBytes = looks.reduce((sum, look) => sum + look.totalBytes, 0);
  const hereBytes = looks.reduce((sum, look) => sum + look.hereBytes, 0);
  const state = looks.every(({ isRight }) => isRight) ? 'installed' : hereBytes > 0 ? 'incomplete' : 'absent';

  return { model, entry, state, totalBytes, hereBytes };
}
