import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { mayBeAnother, ownerOf, ownName, thisHost } from './part-owner.ts';

/**
 * A folder for unfinished files that nobody goes on with (those out of archives, imports), inside the models directory so
 * that finished ones can be renamed.
 */
export interface Workspace {
  readonly path: string;
  /** Deletes the folder. Idempotent. */
  close(): Promise<void>;
}

const prefix = '.partial-';

/** No pull is silent for this long: npm's timeouts end it first. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/** Workspaces of this process; a process id alone cannot tell them from those of an earlier one with the same id. */
const ours = new Set<string>();

/** Creates a workspace whose name says which process it belongs to. */
export async function openWorkspace(modelsDirectory: string): Promise<Workspace> {
  const name = `${prefix}${ownName()}`;
  const path = join(modelsDirectory, name);
  ours.add(name);
  await mkdir(path, { recursive: true });
  return {
    path,
    async close() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      ours.delete(name);
    },
  };
}

/**
 * Deletes the workspaces of pulls that were killed. One that belongs to a live process stays; whether a process on
 * another host (another container on the same volume) is alive cannot be seen, so its workspace stays for a day
 * after the last write. Failures are ignored: what cannot be deleted is in nobody's way.
 */
export async function removeLeftovers(modelsDirectory: string, nowMs: number = Date.now()): Promise<void> {
  const names = await readdir(modelsDirectory).catch(() => []);
  for (const name of names) {
    const path = join(modelsDirectory, name);
    if (!(await isAbandoned(name, path, nowMs))) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function isAbandoned(name: string, path: string, nowMs: number): Promise<boolean> {
  const owner = name.startsWith(prefix) ? ownerOf(name.slice(prefix.length)) : null;
  if (owner === null || ours.has(name)) return false;
  if (owner.host === thisHost && !mayBeAnother(owner.pid)) return true;
  return nowMs - (await lastWriteMs(path)) > abandonedAfterMs;
}

/** When anything in the folder was last written; infinity where that cannot be read, as when it is just deleted. */
async function lastWriteMs(path: string): Promise<number> {
  try {
    const names = await readdir(path);
    const times = await Promise.all(
      ['.', ...names].map(async (name) => (await stat(join(path, name))).mtimeMs),
    );
    return Math.max(...times);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
