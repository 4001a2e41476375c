import { createHash } from 'node:crypto';
import type { ModelDescription } from './catalogue-entry.ts';

/** A model on disk, every byte checked. */
export interface ResolvedModel {
  readonly name: string;
  readonly adapter: ModelDescription['adapter'];
  readonly languages: readonly string[];
  /** SHA-256 in hex over the sorted lines `sha256  name`, each ended by a newline: `sha256sum * | sort | sha256sum`. */
  readonly contentHash: string;
  /** Absolute path of each file by its name. */
  readonly files: Readonly<Record<string, string>>;
}

/** The `contentHash` of files, from the SHA-256 of each by its name. */
export function contentHashOf(hashes: ReadonlyMap<string, string>): string {
  const lines = [...hashes].map(([name, sha256]) => `${sha256}  ${name}\n`).sort();

  return createHash('sha256').update(lines.join('')).digest('hex');
}
