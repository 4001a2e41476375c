import { createHash, timingSafeEqual } from 'node:crypto';
import { type KeyLimits, readKeysFile, type StoredKey } from './keys-file.ts';
import { CLASS_WEIGHTS } from './priority-class.ts';

/** Who opened a connection, as far as limits and priority go. */
export interface Caller {
  /** The key's name, never to be logged; null for everyone where no keys are needed. */
  readonly name: string | null;
  /** Of its streams, against 1 for a standard one. */
  readonly weight: number;
  /** The key's own, in place of the server's limits for keys. */
  readonly limits: KeyLimits;
}

/** Everyone, where no keys are needed. */
export const ANYONE: Caller = { name: null, weight: CLASS_WEIGHTS.standard, limits: {} };

/** The API keys that are known. Only their hashes are kept. */
export class ApiKeys {
  readonly #path: string | null;
  #keys: readonly StoredKey[];

  private constructor(path: string | null, keys: readonly StoredKey[]) {
    this.#path = path;
    this.#keys = keys;
  }

  /** @param file a path, or `none` when everyone may come. @throws {Failure} naming the entry and field at fault. */
  static async load(file: string): Promise<ApiKeys> {
    if (file === 'none') return new ApiKeys(null, []);

    return new ApiKeys(file, await readKeysFile(file));
  }

  /**
   * Reads the file again. Connections that are open stay, whatever became of their keys.
   * @returns how many keys there are now.
   * @throws {Failure} as `load`; the keys stay as they were.
   */
  async reload(): Promise<number> {
    if (this.#path !== null) this.#keys = await readKeysFile(this.#path);

    return this.#keys.length;
  }

  /**
   * Whose key it is, in a time that does not depend on how much of it is right.
   * @param presented null for none.
   * @returns null when a key is needed and this is none.
   */
  identify(presented: string | null): Caller | null {
    if (this.#path === null) return ANYONE;
    if (presented === null) return null;
    const hash = createHash('sha256').update(presented).digest();
    let caller: Caller | null = null;
    for (const key of this.#keys) if (timingSafeEqual(key.hash, hash)) caller = key;

    return caller;
  }
}
