import { setTimeout as sleep } from 'node:timers/promises';
import type { SpeakerConnection } from '../../client-sdk/speaker-connection.ts';
import type { Recording } from '../recording/read-recording.ts';

/** How fast a recording is sent: as a microphone would, or as fast as the server acknowledges it. */
export const PACES = ['realtime', 'fast'] as const;
/** One of `PACES`. */
export type Pace = (typeof PACES)[number];

/** Audio in one message. */
const MESSAGE_MS = 100;
/** Kept free of the server's buffer at the fast pace: what it counts and what it holds differ by some windows. */
const WINDOW_MARGIN_MS = 5000;
/** More bytes than this handed to the socket and not sent would only sit in memory. */
const MAX_SOCKET_BYTES = 1_000_000;
/** How often a full window is looked at again. */
const POLL_MS = 20;

/** How much of the audio the server has acknowledged. */
export interface Acknowledged {
  /** Everything before this position of the audio is final. */
  ms: number;
}

/**
 * Sends a recording as 16-bit PCM, then `stop`. Real time is kept by the absolute clock, so that a late message makes
 * none after it late.
 * @param acknowledged kept up to date by whoever reads the connection.
 * @param signal ends it early, and has to when the connection does: a closed socket's bytes are never sent, so that
 *   waiting for them would not end.
 * @throws the signal's reason.
 */
export async function streamRecording(
  { samples, sampleRate, durationMs }: Recording,
  connection: SpeakerConnection,
  pace: Pace,
  acknowledged: Acknowledged,
  signal: AbortSignal,
): Promise<void> {
  const windowMs = connection.ready.maxBufferedMs - WINDOW_MARGIN_MS;
  const startedAt = performance.now();
  for (let fromMs = 0; fromMs < durationMs; fromMs += MESSAGE_MS) {
    const toMs = Math.min(fromMs + MESSAGE_MS, durationMs);
    // A microphone delivers a message when its last sample has been heard.
    if (pace === 'realtime')
      await sleep(Math.max(0, startedAt + toMs - performance.now()), undefined, { signal });
    while (toMs - acknowledged.ms > windowMs || connection.bufferedBytes > MAX_SOCKET_BYTES) {
      await sleep(POLL_MS, undefined, { signal });
    }
    connection.send(toPcm16(samples.subarray(toIndex(fromMs, sampleRate), toIndex(toMs, sampleRate))));
  }
  connection.stop();
}

function toIndex(ms: number, sampleRate: number): number {
  return Math.round((ms * sampleRate) / 1000);
}

function toPcm16(samples: Float32Array): Uint8Array {
  const pcm = Int16Array.from(samples, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767));

  return new Uint8Array(pcm.buffer);
}
