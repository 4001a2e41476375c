import { setTimeout as sleep } from 'node:timers/promises';
import type { Speaker } from '../../client-sdk/index.ts';
import type { Recording } from '../recording/read-recording.ts';

/** How fast a recording is sent: as a microphone would, or as fast as the server acknowledges it. */
export const PACES = ['realtime', 'fast'] as const;
/** One of `PACES`. */
export type Pace = (typeof PACES)[number];

/** Audio in one message. */
const MESSAGE_MS = 100;

/**
 * Sends a recording. Real time is kept by the absolute clock, so that a late message makes none after it late.
 * @param speaker opened for the recording's rate and one channel.
 * @param signal ends it early.
 * @throws the signal's reason, or what the speaker ended with.
 */
export async function streamRecording(
  { samples, sampleRate, durationMs }: Recording,
  speaker: Speaker,
  pace: Pace,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  for (let fromMs = 0; fromMs < durationMs; fromMs += MESSAGE_MS) {
    const toMs = Math.min(fromMs + MESSAGE_MS, durationMs);
    // A microphone delivers a message when its last sample has been heard.
    if (pace === 'realtime')
      await sleep(Math.max(0, startedAt + toMs - performance.now()), undefined, { signal });
    else await speaker.drained();
    speaker.send(samples.subarray(toIndex(fromMs, sampleRate), toIndex(toMs, sampleRate)));
  }
}

function toIndex(ms: number, sampleRate: number): number {
  return Math.round((ms * sampleRate) / 1000);
}
