import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { mayBeAnother, ownerOf, ownName, thisHost } from './part-owner.ts';

/*
 * An unfinished download is a folder in the models directory, `.download-KEY@OWNER` while a process works on it and
 * `.download-KEY@free` when none does. Taking one over is a rename: of several that try, one succeeds, and nobody else's
 * process writes to what it has got.
 */

const prefix = '.download-';
const free = 'free';

/** A folder that nobody has touched for so long is deleted. */
export const KEPT_FOR_MS = 7 * 24 * 60 * 60 * 1000;

/** Its owner shows that often that it lives. */
const BEAT_MS = 15_000;

/** An owner that has not shown itself for so long has ended, wherever it ran. */
export const SILENCE_MS = 60_000;

const POLL_MS = 250;

/** Folders that this process works on; a process id alone cannot tell them from those of an earlier one with the same id. */
const ours = new Set<string>();

/** What is noted beside the bytes, to know later what they can be continued with. */
export interface PartOrigin {
  /** Address that was asked, without what follows a `?`. */
  readonly url: string;
  /** As the server gave it; null where it gave none. */
  readonly etag: string | null;
  /** What the catalogue expected then. */
  readonly sha256: string | null;
  readonly bytes: number | null;
}

/** An unfinished download that belongs to this process until it is released or discarded. */
export class PartFolder {
  readonly #directory: string;
  readonly #key: string;
  readonly #name: string;
  readonly #beat: NodeJS.Timeout;
  #lastBeatMs = Date.now();

  constructor(directory: string, key: string, name: string) {
    this.#directory = directory;
    this.#key = key;
    this.#name = name;
    ours.add(name);
    this.#beat = setInterval(() => void this.#show().catch(() => undefined), BEAT_MS).unref();
  }

  /** Path of the bytes. The file need not exist. */
  get dataPath(): string {
    return join(this.#path, 'data');
  }

  /** What was noted of the bytes; null where nothing was, or it cannot be read. */
  async origin(): Promise<PartOrigin | null> {
    try {
      const { url, etag, sha256, bytes } = JSON.parse(
        await readFile(join(this.#path, 'origin.json'), 'utf8'),
      );
      return typeof url === 'string' ? { url, etag, sha256, bytes } : null;
    } catch {
      return null;
    }
  }

  /** Notes where the bytes come from, before the first of them is written. */
  async remember(origin: PartOrigin): Promise<void> {
    const path = join(this.#path, 'origin.json');
    await writeFile(`${path}.new`, JSON.stringify(origin));
    await rename(`${path}.new`, path);
  }

  /**
   * To be called before bytes are written: a process that was stopped for a while (a closed laptop) may have lost the folder
   * to another one.
   * @throws {Failure} when it has.
   */
  async assertOurs(): Promise<void> {
    if (Date.now() - this.#lastBeatMs > SILENCE_MS / 2) await this.#show();
  }

  /** Leaves the bytes to whoever goes on with them. Idempotent. */
  async release(): Promise<void> {
    if (!this.#let()) return;
    await touch(this.#path).catch(() => undefined);
    try {
      await rename(this.#path, join(this.#directory, `${prefix}${this.#key}@${free}`));
    } catch {
      // Another one has been left there meanwhile: one is enough.
      await rm(this.#path, { recursive: true, force: true });
    }
  }

  /** Deletes the bytes. Idempotent, also after `release`. */
  async discard(): Promise<void> {
    if (this.#let()) await rm(this.#path, { recursive: true, force: true, maxRetries: 3 });
  }

  get #path(): string {
    return join(this.#directory, this.#name);
  }

  #let(): boolean {
    clearInterval(this.#beat);
    return ours.delete(this.#name);
  }

  async #show(): Promise<void> {
    try {
      await touch(this.#path);
      this.#lastBeatMs = Date.now();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new Failure('Another process went on with this download while this one was stopped. Pull again.');
    }
  }
}

/** How a claim is followed and stopped. */
export interface ClaimOptions {
  readonly signal: AbortSignal;
  /** Told once, in a sentence, that another process has the download and is being waited for. */
  readonly onWait: (sentence: string) => void;
  /** Whether what is wanted is there meanwhile, because another process has finished it. */
  readonly isDone: () => Promise<boolean>;
}

/**
 * Takes an unfinished download over from whoever left it, or begins one. While another process works on it, waits for it.
 * @param key a part of a file name, without `@`.
 * @returns null when what is wanted is there.
 * @throws the signal's reason once aborted.
 */
export async function claimPart(
  directory: string,
  key: string,
  { signal, onWait, isDone }: ClaimOptions,
): Promise<PartFolder | null> {
  for (let waited = false; ; ) {
    signal.throwIfAborted();
    const parts = await findParts(directory, key);
    if (!parts.some(({ isHeld }) => isHeld)) {
      if (await isDone()) return null;
      const claimed = parts.length > 0 ? await takeOver(directory, key, parts) : await begin(directory, key);
      if (claimed !== null) return claimed;
    } else {
      if (!waited) onWait('Another process is fetching it. Waiting for it to finish.');
      waited = true;
    }
    // Not all at the same moment: those that met step back, and meet no more.
    await sleep(POLL_MS * (0.5 + Math.random()), undefined, { signal });
  }
}

/** Bytes of an unfinished download, whoever has it; 0 where there is none. */
export async function partBytes(directory: string, key: string): Promise<number> {
  return Math.max(0, ...(await findParts(directory, key)).map(({ bytes }) => bytes));
}

/** Deletes the unfinished downloads of a key, but for those that a process works on. */
export async function removeParts(directory: string, key: string): Promise<void> {
  for (const { name, isHeld } of await findParts(directory, key))
    if (!isHeld) await rm(join(directory, name), { recursive: true, force: true });
}

/** Deletes unfinished downloads that nobody has touched for a week. Failures are ignored. */
export async function removeOldParts(directory: string, nowMs: number = Date.now()): Promise<void> {
  for (const { name, touchedMs, isHeld } of await findParts(directory, null, nowMs))
    if (!isHeld && nowMs - touchedMs > KEPT_FOR_MS)
      await rm(join(directory, name), { recursive: true, force: true }).catch(() => undefined);
}

interface FoundPart {
  readonly name: string;
  readonly bytes: number;
  readonly touchedMs: number;
  /** Whether a process works on it. */
  readonly isHeld: boolean;
}

/** Folders of a key, or of all, the one with the most bytes first. */
async function findParts(directory: string, key: string | null, nowMs = Date.now()): Promise<FoundPart[]> {
  const names = await readdir(directory).catch(() => []);
  const parts = names
    .filter((name) => name.startsWith(key === null ? prefix : `${prefix}${key}@`))
    .map(async (name) => {
      const touchedMs = (await stat(join(directory, name)).catch(() => null))?.mtimeMs;
      if (touchedMs === undefined) return null;
      const bytes = (await stat(join(directory, name, 'data')).catch(() => null))?.size ?? 0;

      return { name, bytes, touchedMs, isHeld: isHeld(name, nowMs - touchedMs) };
    });

  return (await Promise.all(parts)).filter((part) => part !== null).sort((a, b) => b.bytes - a.bytes);
}

function isHeld(name: string, silentMs: number): boolean {
  if (ours.has(name)) return true;
  const owner = ownerOf(name.slice(name.lastIndexOf('@') + 1));
  if (owner === null || (owner.host === thisHost && !mayBeAnother(owner.pid))) return false;

  return silentMs < SILENCE_MS;
}

/** Makes the first of the parts this process' own; null when another one was faster. */
async function takeOver(
  directory: string,
  key: string,
  [first, ...others]: readonly FoundPart[],
): Promise<PartFolder | null> {
  const name = `${prefix}${key}@${ownName()}`;
  try {
    // Before the rename: a folder that bears a live owner's name and looks long untouched would be taken from it.
    await touch(join(directory, first!.name));
    await rename(join(directory, first!.name), join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const part = new PartFolder(directory, key, name);
  if (await hasRival(directory, key, name)) {
    await part.release();
    return null;
  }
  for (const other of others) await rm(join(directory, other.name), { recursive: true, force: true });

  return part;
}

/** Begins a part; null when another process did at the same time. */
async function begin(directory: string, key: string): Promise<PartFolder | null> {
  const name = `${prefix}${key}@${ownName()}`;
  await mkdir(join(directory, name), { recursive: true });
  const part = new PartFolder(directory, key, name);
  if (!(await hasRival(directory, key, name))) return part;
  await part.discard();

  return null;
}

/**
 * Whether another one works on the download as well. Each shows its folder before it looks, so that of two at least one sees
 * the other; it cannot know whether it was seen, and steps back.
 */
async function hasRival(directory: string, key: string, name: string): Promise<boolean> {
  return (await findParts(directory, key)).some((found) => found.isHeld && found.name !== name);
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}
