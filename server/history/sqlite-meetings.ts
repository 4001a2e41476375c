import type { MeetingPlace } from './archive.ts';
import type { Connection } from './connect.ts';
import type { CaptionPlace } from './transcript-source.ts';

/** Some of the meetings there are. */
export interface PlacesStep {
  /** Of those in which something was said. */
  readonly places: readonly MeetingPlace[];
  /** The next step is for the names behind this one; null when there are none. */
  readonly afterName: string | null;
}

/** What some of a meeting's finals say of it. */
export interface SummaryStep {
  /** When the first of them was spoken; null where none says anything. */
  readonly firstSpokenAtMs: number | null;
  readonly captions: number;
  /** Names, each once. */
  readonly speakers: readonly string[];
  /** The next step begins behind this final; null when there are no more. */
  readonly after: CaptionPlace | null;
}

interface PlaceRow {
  readonly meeting: string;
  readonly lastSpokenAtMs: number | null;
}

interface FinalRow extends CaptionPlace {
  readonly speaker: string;
  readonly hasText: number;
}

type Statements = Connection['statements'];

/** Names, and finals, that are looked through in one step: some five milliseconds. */
export const NAMES_PER_STEP = 250;
export const FINALS_PER_STEP = 1000;

/** Looks through the next meetings, in the order of their names. @param afterName '' to begin with. */
export function placesStep({ meetings }: Statements, afterName: string): PlacesStep {
  const rows = meetings.all(afterName, NAMES_PER_STEP) as unknown as readonly PlaceRow[];

  return {
    places: rows.flatMap(({ meeting, lastSpokenAtMs }) =>
      lastSpokenAtMs === null ? [] : { meeting, lastSpokenAtMs },
    ),
    afterName: rows.length === NAMES_PER_STEP ? rows.at(-1)!.meeting : null,
  };
}

/** Looks through the next finals of a meeting. */
export function summaryStep({ summary }: Statements, meeting: string, behind: CaptionPlace): SummaryStep {
  const bounds = [meeting, behind.spokenAtMs, behind.captionId];
  const rows = summary.all(...bounds, FINALS_PER_STEP) as unknown as readonly FinalRow[];
  const said = rows.filter(({ hasText }) => hasText === 1);
  const { spokenAtMs, captionId } = rows.at(-1) ?? behind;

  return {
    firstSpokenAtMs: said[0]?.spokenAtMs ?? null,
    captions: said.length,
    speakers: [...new Set(said.map(({ speaker }) => speaker))],
    after: rows.length === FINALS_PER_STEP ? { spokenAtMs, captionId } : null,
  };
}
