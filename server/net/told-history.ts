import type { FinalMessage, ViewerServerMessage } from '../../client-sdk/protocol.ts';
import type { CaptionPlace, TranscriptSource } from '../history/transcript-source.ts';
import { MAX_HISTORY, type Viewing } from './viewer-request.ts';

/**
 * Finals come in the order in which their segments end, not that of their places: one that was spoken so long before
 * another may still be behind it. A stream that waits to be taken up again comes latest.
 */
const MOST_BEHIND_MS = 180_000;

/**
 * What a viewer is told of what was said before it came: one message with the newest finals, or each of those that it has
 * missed since the last one it saw.
 * @param maxBytes of all of it, roughly; older finals are left out for that, which `more` tells.
 * @throws {Error} when the store cannot tell.
 */
export async function toldHistory(
  source: TranscriptSource,
  { meeting, history, lastSeen }: Viewing,
  maxBytes: number,
): Promise<readonly ViewerServerMessage[]> {
  if (lastSeen) return missed(source, meeting, lastSeen, maxBytes);
  const found = await source.finals(meeting, { limit: history });
  const captions = newest(found.captions, maxBytes);

  return [historyMessage(meeting, captions, found.more || captions.length < found.captions.length)];
}

/** For a viewer that cannot be told: there may be something. */
export function unknownHistory(meeting: string): ViewerServerMessage {
  return historyMessage(meeting, [], true);
}

async function missed(
  source: TranscriptSource,
  meeting: string,
  lastSeen: CaptionPlace,
  maxBytes: number,
): Promise<readonly ViewerServerMessage[]> {
  const sinceMs = lastSeen.spokenAtMs - MOST_BEHIND_MS;
  const found = await source.finals(meeting, { limit: MAX_HISTORY, sinceMs });
  const captions = newest(found.captions, maxBytes);
  const isAll = !found.more && captions.length === found.captions.length;
  const unseen = captions.filter((caption) => !wasSeen(caption, lastSeen));

  return isAll ? unseen : [unknownHistory(meeting), ...unseen];
}

/** Those of the same stream came before it. */
function wasSeen({ streamId, segmentId }: FinalMessage, { captionId }: CaptionPlace): boolean {
  const [, stream, segment] = /^(.*):(\d+)$/.exec(captionId) ?? [];

  return stream === streamId && segmentId <= Number(segment);
}

function newest(captions: readonly FinalMessage[], maxBytes: number): readonly FinalMessage[] {
  let bytes = 0;
  const first = captions.findLastIndex((caption) => {
    bytes += Buffer.byteLength(JSON.stringify(caption)) + 1;

    return bytes > maxBytes;
  });

  return captions.slice(first + 1);
}

function historyMessage(
  meeting: string,
  captions: readonly FinalMessage[],
  more: boolean,
): Extract<ViewerServerMessage, { type: 'history' }> {
  return { type: 'history', meeting, captions, more };
}
