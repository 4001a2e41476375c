import type { FinalMessage } from '../../../client-sdk/protocol.ts';
import { VTT_SIGNATURE, vttCue } from '../../transcript/subtitles.ts';
import { type TimedCue, timedCues } from '../../transcript/timed-cues.ts';
import { onTimeline } from '../../transcript/transcript-file.ts';

/** Length of every segment, and the target duration of the playlist. */
export const SEGMENT_MS = 6000;
/**
 * A segment is closed so long after its end: by then most of what was said in it is final. Players stay three segments behind
 * the end of the playlist, so that captions are not what they wait for.
 */
const CLOSED_AFTER_MS = 12_000;
/** Segments in the playlist. */
const LISTED = 10;
/** Segments that have left the playlist and can still be had (RFC 8216, section 6.2.2). */
const KEPT = 10;
/** Times in a segment count from so long before it: a cue may begin before its segment, but none so long. */
const LEAD_MS = 60_000;
/** Of the clock of MPEG transport streams, which has 33 bits. */
const TICKS_PER_MS = 90;
const TICKS = 2 ** 33;

/** A segment that will not change any more. */
interface ClosedSegment {
  readonly number: number;
  readonly file: string;
}

/**
 * A meeting's finals as segments of WebVTT (RFC 8216, section 3.5). Segment n is the n-th stretch of 6 s since 1970, so that
 * numbers go on where they were whoever makes them. A cue is in every segment that it is on the screen in; one that
 * becomes final after its segment was closed is shown at the beginning of the next one. Times are milliseconds since 1970.
 */
export class LiveSegments {
  #closed: ClosedSegment[] = [];
  /** Cues that are on the screen in a segment that has not been closed. */
  #cues: TimedCue[] = [];
  /** Of the first segment that has not been closed. */
  #next: number;
  #isOver = false;

  /** @param nowMs the first segments are those that would be in the playlist by then. */
  constructor(nowMs: number) {
    this.#next = Math.floor((nowMs - CLOSED_AFTER_MS) / SEGMENT_MS) - LISTED;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Where the first segment that can still be added to begins. */
  get openFromMs(): number {
    return this.#next * SEGMENT_MS;
  }

  /** Adds what was said, now or before. */
  add(final: FinalMessage): void {
    let fromMs = this.openFromMs;
    for (const cue of timedCues(onTimeline(final, 0), Number.POSITIVE_INFINITY)) {
      const startMs = Math.max(cue.startMs, fromMs);
      // Those that come too late follow one another, and hurry the others on.
      fromMs = startMs + cue.endMs - cue.startMs;
      this.#cues.push({ ...cue, startMs, endMs: fromMs });
    }
  }

  /** Closes the segments whose time has come. */
  advance(nowMs: number): void {
    while (!this.#isOver && (this.#next + 1) * SEGMENT_MS + CLOSED_AFTER_MS <= nowMs) this.#close();
  }

  /** The meeting is over: what there is is closed, and nothing follows. */
  end(nowMs: number): void {
    this.advance(nowMs);
    while (!this.#isOver && this.#cues.length > 0) this.#close();
    this.#isOver = true;
  }

  /** The playlist. @param query what goes behind the address of each segment: '' or `?key=KEY`. */
  playlist(query: string): string {
    const listed = this.#closed.slice(-LISTED);
    const first = listed[0]?.number ?? this.#next;
    const lines = [
      '#EXTM3U',
      '#EXT-X-VERSION:3',
      `#EXT-X-TARGETDURATION:${SEGMENT_MS / 1000}`,
      `#EXT-X-MEDIA-SEQUENCE:${first}`,
      ...listed.flatMap(({ number }, i) => [
        ...(i === 0 ? [`#EXT-X-PROGRAM-DATE-TIME:${new Date(number * SEGMENT_MS).toISOString()}`] : []),
        `#EXTINF:${(SEGMENT_MS / 1000).toFixed(3)},`,
        `${number}.vtt${query}`,
      ]),
      ...(this.#isOver ? ['#EXT-X-ENDLIST'] : []),
    ];

    return `${lines.join('\n')}\n`;
  }

  /** A segment that is or was in the playlist not long ago; null for any other. */
  segment(number: number): string | null {
    return this.#closed.find((segment) => segment.number === number)?.file ?? null;
  }

  #close(): void {
    const number = this.#next++;
    const [startMs, endMs] = [number * SEGMENT_MS, this.#next * SEGMENT_MS];
    const originMs = startMs - LEAD_MS;
    const cues = this.#cues.filter((cue) => cue.startMs < endMs && cue.endMs > startMs);
    this.#cues = this.#cues.filter((cue) => cue.endMs > endMs);
    const file = cues
      .sort((a, b) => a.startMs - b.startMs)
      .map((cue) => vttCue({ ...cue, startMs: cue.startMs - originMs, endMs: cue.endMs - originMs }))
      .join('');
    this.#closed = [...this.#closed, { number, file: header(originMs) + file }].slice(-LISTED - KEPT);
  }
}

/** Which moment the times of a segment count from, on the clock of transport streams. */
function header(originMs: number): string {
  return `${VTT_SIGNATURE}X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:${(originMs * TICKS_PER_MS) % TICKS}\n`;
}
