import { type Cue, layoutCues } from '../../client-sdk/captions/layout.ts';
import { wordTimes } from '../../client-sdk/captions/word-times.ts';
import type { SpokenWord } from '../../client-sdk/protocol.ts';

/** A caption on a timeline, in milliseconds from its beginning. */
export interface TimedCaption {
  readonly startMs: number;
  readonly endMs: number;
  /** Null where it is nobody's in particular. */
  readonly speaker: string | null;
  readonly text: string;
  /** With their times on the same timeline, where they are known. */
  readonly words?: readonly SpokenWord[];
}

/** What is on the screen from `startMs` to `endMs`. */
export interface TimedCue {
  readonly startMs: number;
  readonly endMs: number;
  readonly speaker: string | null;
  readonly lines: readonly string[];
}

/** Shorter is not read: the least time on screen that broadcasters' guides ask for. */
const LEAST_ON_SCREEN_MS = 1000;
/** Characters that most people read in a second. */
const READ_PER_SECOND = 20;

/**
 * Divides a caption into cues of two lines. They begin with their first words where those have times and none would be gone
 * within a second; otherwise the caption's time is shared out by characters. A cue stays on the screen for a second at least,
 * and as long as it takes to read, as far as there is time: the cues of a caption take it from each other, and the last one
 * goes on into the pause behind.
 * @param nextStartMs when the next caption begins; no cue is drawn out beyond that.
 */
export function timedCues(caption: TimedCaption, nextStartMs: number): readonly TimedCue[] {
  const { startMs, endMs, speaker, text } = caption;
  const cues = layoutCues(text);
  if (cues.length === 0) return [];
  const leastMs = cues.map(leastTimeMs);
  const timesMs = spokenTimes(caption, cues) ?? readTimes(caption, cues, leastMs);
  let atMs = startMs;
  const timed = cues.map(({ lines }, i) => {
    const beginMs = atMs;
    // Whole milliseconds, none of them lost.
    atMs = i === cues.length - 1 ? endMs : Math.min(endMs, Math.round(beginMs + timesMs[i]!));

    return { startMs: beginMs, endMs: atMs, speaker, lines };
  });
  const last = timed.at(-1)!;
  const drawnOutMs = Math.min(nextStartMs, last.startMs + Math.round(leastMs.at(-1)!));
  timed[timed.length - 1] = { ...last, endMs: Math.max(last.endMs, drawnOutMs, last.startMs + 1) };

  return timed;
}

function leastTimeMs({ from, to }: Cue): number {
  return Math.max(LEAST_ON_SCREEN_MS, ((to - from) * 1000) / READ_PER_SECOND);
}

/** How long each is being said, up to the first word of the next; null where words have no times, or are too quick. */
function spokenTimes(caption: TimedCaption, cues: readonly Cue[]): readonly number[] | null {
  if (!caption.words) return null;
  const { beginsAtMs } = wordTimes(caption);
  const beginMs = [caption.startMs, ...cues.slice(1).map(({ from }) => beginsAtMs(from)), caption.endMs];
  const timesMs = cues.map((_, i) => beginMs[i + 1]! - beginMs[i]!);

  return timesMs.slice(0, -1).every((ms) => ms >= LEAST_ON_SCREEN_MS) ? timesMs : null;
}

/** By their characters, but so that each can be read. */
function readTimes(
  { startMs, endMs }: TimedCaption,
  cues: readonly Cue[],
  leastMs: readonly number[],
): readonly number[] {
  return shareOut(
    endMs - startMs,
    cues.map(({ from, to }) => to - from),
    leastMs,
  );
}

/** Divides time by weights, but so that each has its least, where there is enough for all. */
function shareOut(
  totalMs: number,
  weights: readonly number[],
  leastMs: readonly number[],
): readonly number[] {
  const neededMs = leastMs.reduce((sum, ms) => sum + ms, 0);
  if (neededMs >= totalMs) return leastMs.map((ms) => (ms * totalMs) / neededMs);
  const short = new Set<number>();
  for (;;) {
    const restMs = totalMs - [...short].reduce((sum, i) => sum + leastMs[i]!, 0);
    const rest = weights.reduce((sum, weight, i) => sum + (short.has(i) ? 0 : weight), 0);
    const share = (i: number) => (short.has(i) ? leastMs[i]! : (weights[i]! * restMs) / rest);
    const more = weights.findIndex((_, i) => !short.has(i) && share(i) < leastMs[i]!);
    if (more === -1) return weights.map((_, i) => share(i));
    short.add(more);
  }
}
