import type { CaptionPlace } from './transcript-source.ts';

/** A meeting of which finals are stored. */
export interface MeetingSummary {
  readonly meeting: string;
  /** Of its first final and its last, in milliseconds since 1970. */
  readonly firstSpokenAtMs: number;
  readonly lastSpokenAtMs: number;
  /** Finals, without those that took something back. */
  readonly captions: number;
  /** Names, in the order of their characters; `MAX_SPEAKERS_TOLD` at most. */
  readonly speakers: readonly string[];
}

/** A place in the order of meetings: by when somebody spoke last, and by name where that is the same. */
export type MeetingPlace = Pick<MeetingSummary, 'lastSpokenAtMs' | 'meeting'>;

/** Which meetings are wanted. */
export interface MeetingsQuery {
  /** At least 1; a page has no more than `MAX_MEETINGS_PER_PAGE`, whatever this says. */
  readonly limit: number;
  /** The last of the page before. */
  readonly before?: MeetingPlace;
}

/** Meetings, those in which somebody spoke last first. */
export interface MeetingsPage {
  readonly meetings: readonly MeetingSummary[];
  readonly more: boolean;
}

/** A place in the order of an export: by the meeting's name, and within it by the caption's place. */
export interface ExportPlace extends CaptionPlace {
  readonly meeting: string;
}

/** Which finals are exported: the first of those that all of this holds for. */
export interface ExportQuery {
  /** At least 1; a page has no more than `MAX_FINALS_PER_PAGE`, whatever this says. */
  readonly limit: number;
  readonly meeting?: string;
  /** The last of the page before. */
  readonly after?: ExportPlace;
}

/** Meetings in one page. */
export const MAX_MEETINGS_PER_PAGE = 100;
/** Speakers told of one meeting. */
export const MAX_SPEAKERS_TOLD = 100;

/** Orders names by their characters, as databases do that compare the bytes of UTF-8. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Orders meetings as they are listed. */
export function compareMeetings(a: MeetingPlace, b: MeetingPlace): number {
  return b.lastSpokenAtMs - a.lastSpokenAtMs || compareNames(b.meeting, a.meeting);
}

/** The names that are told of a meeting. */
export function toldSpeakers(names: Iterable<string>): readonly string[] {
  return [...new Set(names)].sort(compareNames).slice(0, MAX_SPEAKERS_TOLD);
}
