import type { CaptionTiming, ErrorMessage, FinalMessage, PartialMessage } from '../../client-sdk/protocol.ts';
import type { CaptionStability, CaptionSteps } from '../stream/caption-stability.ts';

/**
 * Takes note of what readers are told.
 * @param timing null where there is none.
 * @param nowMs when they are told it.
 * @returns how the caption came to stand, of a final that was there as partials before or could have been.
 */
export function followCaption(
  stability: CaptionStability,
  message: PartialMessage | FinalMessage | ErrorMessage,
  timing: CaptionTiming | null,
  nowMs: number,
): CaptionSteps | null {
  if (message.type === 'error') {
    if (message.captionId !== undefined) stability.lost(message.captionId);
    return null;
  }
  const { captionId, text, startMs, endMs } = message;
  if (message.type === 'partial') {
    stability.partial(captionId, text, nowMs);
    return null;
  }
  const waitedMs = timing
    ? timing.audioWaitMs + timing.queueWaitMs + timing.batchWaitMs + timing.inferenceMs + timing.sendWaitMs
    : 0;
  const endedAtMs = nowMs - waitedMs;

  return stability.final(captionId, text, endedAtMs - (endMs - startMs), endedAtMs, nowMs);
}
