import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { askServer } from '../shell/server.ts';

/** A caption that was found. */
export interface Hit {
  readonly caption: Pick<FinalMessage, 'captionId' | 'meeting' | 'speaker' | 'spokenAtMs' | 'text'>;
  /** Stretches of the text that were found, from and up to, in UTF-16 units. */
  readonly marks: readonly (readonly [from: number, to: number])[];
}

/** A meeting of which something is kept. */
export interface KeptMeeting {
  readonly meeting: string;
  readonly firstSpokenAtMs: number;
  readonly lastSpokenAtMs: number;
  readonly captions: number;
  readonly speakers: readonly string[];
}

/** Some of what was asked for, and what the next page is asked for with; null where there is none. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** @param meeting '' for all. @param after what `next` was. @throws {RoundtableError} as `askServer`. */
export async function searchArchive(
  query: string,
  meeting: string,
  after: string | null,
  signal: AbortSignal,
): Promise<Page<Hit>> {
  const address = addressOf('/v1/search', { q: query, meeting, after: after ?? '' });
  const { hits, next } = (await (await askServer(address, { signal })).json()) as {
    readonly hits: readonly Hit[];
    readonly next: string | null;
  };

  return { items: hits, next };
}

/** Those in which somebody spoke last, first. @param before what `next` was. @throws {RoundtableError} */
export async function keptMeetings(before: string | null): Promise<Page<KeptMeeting>> {
  const answer = await askServer(addressOf('/v1/meetings', { before: before ?? '' }));
  const { meetings, next } = (await answer.json()) as {
    readonly meetings: readonly KeptMeeting[];
    readonly next: string | null;
  };

  return { items: meetings, next };
}

/**
 * Deletes all that is kept of it; that nothing is any more, is as good. Another 404 says nothing of the meeting: a proxy may not
 * know the path.
 * @throws {RoundtableError}
 */
export async function deleteMeeting(meeting: string): Promise<void> {
  await askServer(`/v1/meetings/${encodeURIComponent(meeting)}`, { method: 'DELETE' }).catch(
    (error: unknown) => {
      if ((error as { readonly code?: string }).code !== 'unknown-meeting') throw error;
    },
  );
}

function addressOf(path: string, parameters: Readonly<Record<string, string>>): string {
  const query = String(new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== '')));

  return query === '' ? path : `${path}?${query}`;
}
