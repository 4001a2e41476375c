import { setTimeout as sleep } from 'node:timers/promises';
import { DownloadFailure } from './download-failure.ts';
import type { RetrySettings } from './npm-settings.ts';

/** More than this would keep a person waiting for a network that is gone, whatever .npmrc says. */
const mostRetries = 10;

/**
 * Runs `attempt` until it succeeds, fails for good, or npm's retry settings are used up, waiting ever longer between.
 * @param attempt resolves, or rejects; after a rejection `gained` is asked.
 * @param onWait told in a sentence why and how long it waits.
 * @param gained whether the last attempt brought something that stays: the count of retries then begins anew. What can be
 * gained has to be finite.
 * @throws what the last attempt threw, or an AbortError or the signal's reason once aborted.
 */
export async function withRetries(
  attempt: () => Promise<void>,
  settings: RetrySettings,
  signal: AbortSignal,
  onWait: (sentence: string) => void,
  gained: () => boolean = () => false,
): Promise<void> {
  const retries = Math.min(settings.retries ?? 2, mostRetries);
  for (let retry = 1; ; retry++) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (gained()) retry = 1;
      if (!(error instanceof DownloadFailure && error.transient) || retry > retries) throw error;
      const delayMs = retryDelayMs(settings, retry);
      onWait(`${error.problem} Trying again in ${Math.ceil(delayMs / 1000)} s (${retry} of ${retries}).`);
      await sleep(delayMs, undefined, { signal });
    }
  }
}

function retryDelayMs({ minTimeout, maxTimeout, factor }: RetrySettings, retry: number): number {
  return Math.min(maxTimeout ?? 60_000, (minTimeout ?? 10_000) * (factor ?? 10) ** (retry - 1));
}
