import { describe, expect, test } from 'vitest';
import type { FinalMessage } from '../client-sdk/protocol.ts';
import { MemoryStore } from '../server/history/memory-store.ts';
import type { TranscriptSource } from '../server/history/transcript-source.ts';
import { Meetings } from '../server/meeting/meetings.ts';
import { LivePlaylists } from '../server/outputs/hls/live-playlists.ts';
import { LiveSegments } from '../server/outputs/hls/live-segments.ts';
import { finalAt } from './support/finals.ts';
import { ManualClock } from './support/manual-clock.ts';
import { type ReadCue, readVtt } from './support/subtitles.ts';

/** A whole number of segments since 1970. */
const START_MS = Date.UTC(2026, 10, 22, 9, 30);
const FIRST = START_MS / 6000;
/** A segment closes so long after it began. */
const CLOSES_AFTER_MS = 18_000;

/** A final spoken then, for so long. */
function said(atMs: number, text: string, lengthMs = 2000): FinalMessage {
  return finalAt(0, text, {
    spokenAtMs: START_MS + atMs,
    startMs: 0,
    endMs: lengthMs,
    captionId: `s:${text}`,
  });
}

function numbers(playlist: string): number[] {
  return [...playlist.matchAll(/^(\d+)\.vtt$/gm)].map(([, number]) => Number(number));
}

/** Cues of a segment, in ms from the first segment's beginning. */
function cuesOf(segments: LiveSegments, number: number): ReadCue[] {
  const file = segments.segment(number)!;
  const [, ticks] = /^X-TIMESTAMP-MAP=LOCAL:00:00:00\.000,MPEGTS:(\d+)$/m.exec(file) ?? [];
  const originMs = Number(ticks) / 90;
  const firstMs = ((START_MS * 90) % 2 ** 33) / 90;

  return readVtt(file).map((cue) => ({
    ...cue,
    startMs: originMs + cue.startMs - firstMs,
    endMs: originMs + cue.endMs - firstMs,
  }));
}

describe('Live segments', () => {
  test('are listed when their time is over, and some seconds more', () => {
    const segments = new LiveSegments(START_MS);
    segments.advance(START_MS + CLOSES_AFTER_MS - 1);
    expect(numbers(segments.playlist(''))).not.toContain(FIRST);
    segments.advance(START_MS + CLOSES_AFTER_MS);
    expect(numbers(segments.playlist('')).at(-1)).toBe(FIRST);
    expect(segments.playlist('').split('\n').slice(0, 5)).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:3',
      '#EXT-X-TARGETDURATION:6',
      `#EXT-X-MEDIA-SEQUENCE:${FIRST - 9}`,
      `#EXT-X-PROGRAM-DATE-TIME:${new Date(START_MS - 54_000).toISOString()}`,
    ]);
  });

  test('slide: the oldest leaves as one comes, and can still be had for a while', () => {
    const segments = new LiveSegments(START_MS);
    segments.advance(START_MS + CLOSES_AFTER_MS + 60_000);
    const listed = numbers(segments.playlist(''));
    expect(listed).toEqual(Array.from({ length: 10 }, (_, i) => FIRST + 1 + i));
    expect(segments.segment(FIRST)).not.toBeNull();
    segments.advance(START_MS + CLOSES_AFTER_MS + 180_000);
    expect(segments.segment(FIRST)).toBeNull();
  });

  test('hold each cue where it is on the screen, in both where it goes beyond the end of one', () => {
    const segments = new LiveSegments(START_MS);
    segments.add(said(1000, 'Within.'));
    segments.add(said(5000, 'Across.'));
    segments.advance(START_MS + CLOSES_AFTER_MS + 6000);
    expect(cuesOf(segments, FIRST).map(({ startMs, endMs, lines }) => [startMs, endMs, lines[0]])).toEqual([
      [1000, 3000, 'Within.'],
      [5000, 7000, 'Across.'],
    ]);
    expect(cuesOf(segments, FIRST + 1).map(({ startMs, lines }) => [startMs, lines[0]])).toEqual([
      [5000, 'Across.'],
    ]);
  });

  test('do not change once they are listed: what comes too late is shown at the beginning of the next', () => {
    const segments = new LiveSegments(START_MS);
    segments.advance(START_MS + CLOSES_AFTER_MS);
    const before = segments.segment(FIRST);
    segments.add(said(1000, 'Late.'));
    segments.advance(START_MS + CLOSES_AFTER_MS + 6000);
    expect(segments.segment(FIRST)).toBe(before);
    expect(cuesOf(segments, FIRST + 1)).toMatchObject([{ startMs: 6000, endMs: 8000, lines: ['Late.'] }]);
  });

  test('end with what there is left when the meeting is over', () => {
    const segments = new LiveSegments(START_MS);
    segments.add(said(1000, 'The last word.'));
    segments.end(START_MS + 5000);
    expect(segments.playlist('?key=k')).toContain(`${FIRST}.vtt?key=k\n#EXT-X-ENDLIST\n`);
    expect(cuesOf(segments, FIRST)).toMatchObject([{ lines: ['The last word.'] }]);
  });
});

describe('Live playlists', () => {
  function setUp() {
    const clock = new ManualClock();
    const meetings = new Meetings();
    const store = new MemoryStore();
    const transcripts: TranscriptSource = {
      finals: (meeting, query) => store.finalsOfMeeting(meeting, query),
    };
    const playlists = new LivePlaylists({ clock, meetings, transcripts });
    const say = (seat: { publish(message: FinalMessage): void }, text: string) => {
      const final = finalAt(0, text, { spokenAtMs: clock.epochMs(), startMs: 0, captionId: `s:${text}` });
      void store.write([{ type: 'final', caption: final }], 0);
      seat.publish(final);
    };
    const read = async () => {
      const segments = (await playlists.of('standup'))!;

      return numbers(segments.playlist('')).flatMap((number) =>
        readVtt(segments.segment(number)!).map(({ lines }) => lines.join(' ')),
      );
    };

    return { clock, meetings, playlists, say, read };
  }

  test('are there while somebody may speak, with what was said before they were asked for', async () => {
    const { clock, meetings, playlists, say, read } = setUp();
    expect(await playlists.of('standup')).toBeNull();
    const seat = meetings.join('standup', 'Ada');
    say(seat, 'Before.');
    clock.advance(20_000);
    expect(await read()).toContain('Before.');
    say(seat, 'After.');
    clock.advance(25_000);
    expect(new Set(await read())).toEqual(new Set(['Before.', 'After.']));
  });

  test('end a minute after the last speaker has gone, and are forgotten later', async () => {
    const { clock, meetings, playlists, say } = setUp();
    const seat = meetings.join('standup', 'Ada');
    await playlists.of('standup');
    say(seat, 'Goodbye.');
    seat.leave();
    clock.advance(50_000);
    expect((await playlists.of('standup'))!.isOver).toBe(false);
    clock.advance(20_000);
    expect((await playlists.of('standup'))!.playlist('')).toContain('#EXT-X-ENDLIST');
    expect(meetings.size).toBe(0);
    clock.advance(310_000);
    expect(await playlists.of('standup')).toBeNull();
    expect(clock.pendingTimers).toBe(0);
  });

  test('begin anew when the meeting does', async () => {
    const { clock, meetings, playlists } = setUp();
    meetings.join('standup', 'Ada').leave();
    const seat = meetings.join('standup', 'Ada');
    await playlists.of('standup');
    seat.leave();
    clock.advance(80_000);
    meetings.join('standup', 'Ada');
    expect((await playlists.of('standup'))!.isOver).toBe(false);
    clock.advance(310_000);
    expect((await playlists.of('standup'))!.isOver).toBe(false);
  });
});
