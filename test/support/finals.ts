import type { FinalMessage } from '../../client-sdk/protocol.ts';

const EPOCH_MS = Date.UTC(2026, 10, 22, 9, 30);

/** A final of Ada's in the meeting `standup`, spoken `atMs` after half past nine, for four seconds. */
export function finalAt(
  atMs: number,
  text: string,
  { streamId = 'ada', speaker = 'Ada', segmentId = atMs, ...more }: Partial<FinalMessage> = {},
): FinalMessage {
  return {
    type: 'final',
    meeting: 'standup',
    streamId,
    speaker,
    captionId: `${streamId}:${segmentId}`,
    segmentId,
    revision: 3,
    startMs: atMs,
    endMs: atMs + 4000,
    spokenAtMs: EPOCH_MS + atMs,
    text,
    endpoint: 'silence',
    confidence: 0.9,
    language: 'en',
    model: 'model@0123456789ab',
    ...more,
  };
}
