import { StreamError } from '../errors.ts';
import type { CaptionPlace } from '../history/transcript-source.ts';
import { readName } from './client-messages.ts';

/** What a viewer asks for, not yet checked. */
export interface ViewerRequest {
  /** From the path, decoded. */
  readonly meeting: string;
  /** From the query; null for none. */
  readonly history: string | null;
  /** `Last-Event-ID` of a client of server-sent events; '' for none. */
  readonly lastEventId: string;
}

/** What a viewer reads. */
export interface Viewing {
  readonly meeting: string;
  /** Finals from before, at most. */
  readonly history: number;
  /** The final that came last over another connection: those since then are told. */
  readonly lastSeen: CaptionPlace | null;
}

/** Most finals from before that one viewer is told. */
export const MAX_HISTORY = 1000;

/** @throws {StreamError} `out-of-range`, naming what is at fault. */
export function readViewerRequest({ meeting, history, lastEventId }: ViewerRequest): Viewing {
  return {
    meeting: readName(meeting, 'meeting'),
    history: readHistory(history),
    lastSeen: readEventId(lastEventId),
  };
}

function readHistory(text: string | null): number {
  if (text === null) return 0;
  if (!/^\d{1,4}$/.test(text) || Number(text) > MAX_HISTORY)
    throw new StreamError('out-of-range', `history has to be a whole number from 0 to ${MAX_HISTORY}.`);

  return Number(text);
}

/** Ids are this server's own; what is none says nothing. */
function readEventId(text: string): CaptionPlace | null {
  const [, spokenAtMs, captionId] = /^(\d{1,15})-(.{1,200})$/.exec(text) ?? [];

  return spokenAtMs === undefined || captionId === undefined
    ? null
    : { spokenAtMs: Number(spokenAtMs), captionId };
}
