import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { StreamRecord } from './records.ts';

/** One thing to keep, or to let go. */
export type HistoryChange =
  /** In place of the final with the same `captionId`. */
  | { readonly type: 'final'; readonly caption: FinalMessage }
  /** In place of the record with the same `streamId`. */
  | { readonly type: 'stream'; readonly record: StreamRecord }
  /** The stream cannot be taken up again; what was said in it stays. */
  | { readonly type: 'forget'; readonly streamId: string };

/** Where a final stands among those of its meeting: by the time it was spoken, then by its id. A final is one itself. */
export type FinalPlace = Pick<FinalMessage, 'spokenAtMs' | 'captionId'>;

/** Which finals of a meeting are wanted: the newest of those that the other fields leave. */
export interface FinalsQuery {
  /** At least 1; a page has no more than `MAX_FINALS_PER_PAGE`, whatever this says. */
  readonly limit: number;
  /** Only those spoken at this time or later, in milliseconds since 1970. */
  readonly sinceMs?: number;
  /** Only those that stand before this place: the first final of the page before, to go back in time. */
  readonly before?: FinalPlace;
}

/** Finals of a meeting, in their order. */
export interface FinalsPage {
  readonly captions: readonly FinalMessage[];
  /** Whether there are more that the query asks for, before these. */
  readonly more: boolean;
}

/** What is older than this goes; both in milliseconds since 1970. */
export interface RetentionLimits {
  /** Finals stored before this time. */
  readonly finalsMs: number;
  /** Records of streams that last changed before this time. */
  readonly streamsMs: number;
}

/** Finals in one page: what is read at once holds up the thread that reads it. */
export const MAX_FINALS_PER_PAGE = 1000;
/** Finals, and records, that one call of `deleteBefore` deletes at most: others wait for the store meanwhile. */
export const MAX_DELETED_AT_ONCE = 2000;

/**
 * Where finals and the state of streams outlive the process, or at least their streams. Calls are served in their order. All
 * of them reject with an error that says why when the store cannot do its work now; the next call may succeed.
 */
export interface HistoryStore {
  /**
   * Makes all changes, in their order, or none.
   * @param nowMs when, in milliseconds since 1970; how old they are is counted from here.
   */
  write(changes: readonly HistoryChange[], nowMs: number): Promise<void>;
  /** The record with that token hash, bit for bit as it was written; null when there is none, or it was forgotten. */
  findStream(tokenHash: string): Promise<StreamRecord | null>;
  /** Finals of a stream that end after `endMs` of its audio, up to and with `untilMs`, in their order. */
  finalsOfStream(streamId: string, endMs: number, untilMs: number): Promise<readonly FinalMessage[]>;
  /** Finals of a meeting; an empty page where nothing is known of it. */
  finalsOfMeeting(meeting: string, query: FinalsQuery): Promise<FinalsPage>;
  /** @returns how many finals and records went; more may be left unless it is 0. */
  deleteBefore(limits: RetentionLimits): Promise<number>;
  /** Waits for the calls before it. The others reject afterwards. Idempotent. */
  close(): Promise<void>;
}

/** Negative where `a` stands before `b`. Ids are compared by their UTF-16 units, which for ASCII is what databases do. */
export function comparePlaces(a: FinalPlace, b: FinalPlace): number {
  if (a.spokenAtMs !== b.spokenAtMs) return a.spokenAtMs - b.spokenAtMs;
  if (a.captionId === b.captionId) return 0;

  return a.captionId < b.captionId ? -1 : 1;
}

/** Whether a query asks for a final of the meeting. */
export function isAskedFor(final: FinalPlace, { sinceMs, before }: FinalsQuery): boolean {
  if (sinceMs !== undefined && final.spokenAtMs < sinceMs) return false;

  return before === undefined || comparePlaces(final, before) < 0;
}

/** A page of the newest. @param finals all that a query asks for, or at least the newest of them, in their order. */
export function newestPage(finals: readonly FinalMessage[], { limit }: FinalsQuery): FinalsPage {
  const size = Math.min(limit, MAX_FINALS_PER_PAGE);

  return { captions: finals.slice(-size), more: finals.length > size };
}
