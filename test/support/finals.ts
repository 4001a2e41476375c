import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { MemoryStore } from '../../server/history/memory-store.ts';
import type { TranscriptSource } from '../../server/history/transcript-source.ts';

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

/** Where these finals are read; a later one takes the place of one with the same id. */
export async function transcriptsOf(...finals: readonly FinalMessage[]): Promise<TranscriptSource> {
  const store = new MemoryStore();
  await store.write(
    finals.map((caption) => ({ type: 'final', caption })),
    0,
  );

  return { finals: (meeting, query) => store.finalsOfMeeting(meeting, query) };
}
