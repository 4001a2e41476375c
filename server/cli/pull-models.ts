import { megabytes, streamProgress } from '../model-store/progress.ts';
import type { ModelStore } from '../model-store/store.ts';

/** Exit code 130, as a shell reports a program stopped by Ctrl-C. */
const interruptedExitCode = 130;

/**
 * Fetches models one after the other, until they are there or Ctrl-C stops it.
 * @throws {Failure} before anything is fetched when one of the names is unknown.
 */
export async function pullModels(store: ModelStore, names: readonly string[]): Promise<void> {
  for (const name of names) await store.look(name);
  const interruption = new AbortController();
  const onInterrupt = (): void => interruption.abort();
  // Once: a second Ctrl-C kills in the usual way, which leaves no half-written model either.
  process.once('SIGINT', onInterrupt);
  let current = names[0]!;
  try {
    for (const name of names) {
      current = name;
      const fetched = await store.pull(name, { signal: interruption.signal, progress: streamProgress() });
      if (fetched.length === 0) process.stderr.write(`${name}: already installed\n`);
    }
    process.stderr.write(`Models directory: ${store.directory}\n`);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    process.stderr.write(`Stopped. ${await describeKept(store, current)}\n`);
    process.exitCode = interruptedExitCode;
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
}

/** What a stopped pull has left, and that the next one goes on from there. */
async function describeKept(store: ModelStore, name: string): Promise<string> {
  const { hereBytes, totalBytes } = await store.look(name);
  if (hereBytes === 0) return `Nothing of ${name} is kept; the next pull begins anew.`;
  const percent = totalBytes > hereBytes ? `${Math.floor((100 * hereBytes) / totalBytes)} % of ` : '';
  const of = totalBytes > hereBytes ? ` of ${megabytes(totalBytes)}` : '';

  return `${percent}${name} is kept (${megabytes(hereBytes)}${of}); the next pull fetches the rest.`;
}
