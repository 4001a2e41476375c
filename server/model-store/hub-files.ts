import type { CatalogueFile, Hub, HubRepository } from './catalogue-entry.ts';

/** Name in the repositories and on disk, size, SHA-256. */
export type PinnedFile = readonly [name: string, bytes: number | null, sha256: string | null];

/** A repository of the catalogue. */
export function repository(hub: Hub, id: string, revision: string): HubRepository {
  return { hub, id, revision };
}

/** Files that all of the repositories have under the same names. */
export function hubFiles(
  repositories: readonly HubRepository[],
  files: readonly PinnedFile[],
): readonly CatalogueFile[] {
  return files.map(([name, bytes, sha256]) => ({
    name,
    bytes,
    sha256,
    source: { kind: 'hub', repositories, path: name },
  }));
}
