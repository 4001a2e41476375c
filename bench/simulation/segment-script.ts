import { OPTIONS } from '../../server/config/options.ts';

/** Something a segment of speech asks to have decoded. Times and sizes are milliseconds. */
export interface SegmentStep {
  /** Since the segment's speech began. */
  readonly atMs: number;
  readonly kind: 'partial' | 'candidate' | 'final';
  /** Audio of the segment so far, padding included. That of a final that ends in silence is its candidate's. */
  readonly sizeMs: number;
}

/** One segment, from the first word to the end of its last. */
export interface SegmentScript {
  readonly spokenMs: number;
  /** In order of time; the last is the final. */
  readonly steps: readonly SegmentStep[];
}

const PREFIX_MS = OPTIONS.prefixPaddingMs.default;
const TAIL_MS = OPTIONS.tailPaddingMs.default;
/** Silence that ends a segment. */
const END_SILENCE_MS = OPTIONS.minSilenceMs.default;
/** Speech in the longest segment. */
const LONGEST_MS = OPTIONS.maxSegmentMs.default - PREFIX_MS - TAIL_MS;
const SNAPSHOT_INTERVAL_MS = OPTIONS.partialIntervalMs.default;
const SNAPSHOT_LENGTH_SHARE = 0.1;
const SNAPSHOT_MAX_INTERVALS = 2;
/** Mean length of what is said between two pauses for breath, and how long those last; shorter than what ends a segment. */
const PHRASE_MS = { least: 400, mean: 2500 };
const PAUSE_MS = { least: 150, most: 700 };
/** After each phrase the segment ends with this probability: about three phrases each. */
const END_CHANCE = 0.35;

/**
 * A segment as the server's segmenter would see it with default settings: a snapshot for every 500 ms of speech, or
 * a tenth of the segment up to a second; a candidate 256 ms into every pause that lasts so long; the final after
 * 800 ms of silence, or at once where a segment of 15 s is cut. Segments are about 7 s long on average.
 * @param random numbers in [0, 1).
 */
export function scriptSegment(random: () => number): SegmentScript {
  const steps: SegmentStep[] = [];
  let atMs = 0;
  let lastSizeMs = 0;
  const snapshot = (kind: SegmentStep['kind'], stepMs: number, sizeMs: number) => {
    steps.push({ atMs: stepMs, kind, sizeMs });
    lastSizeMs = sizeMs;
  };
  for (;;) {
    const phraseMs = PHRASE_MS.least - (PHRASE_MS.mean - PHRASE_MS.least) * Math.log(1 - random());
    const endMs = Math.max(atMs, Math.min(atMs + phraseMs, LONGEST_MS));
    for (let next = nextSnapshotMs(lastSizeMs); next < endMs; next = nextSnapshotMs(lastSizeMs)) {
      snapshot('partial', Math.max(atMs, next), Math.max(atMs, next) + PREFIX_MS);
    }
    if (endMs < atMs + phraseMs) {
      // Cut while somebody speaks: there was no pause to take a candidate in.
      steps.push({ atMs: endMs, kind: 'final', sizeMs: endMs + PREFIX_MS });

      return { spokenMs: endMs, steps };
    }
    const isLast = random() < END_CHANCE;
    const pauseMs = PAUSE_MS.least + (PAUSE_MS.most - PAUSE_MS.least) * random();
    const sizeMs = endMs + PREFIX_MS + TAIL_MS;
    if (isLast || pauseMs > TAIL_MS) snapshot('candidate', endMs + TAIL_MS, sizeMs);
    if (isLast) {
      steps.push({ atMs: endMs + END_SILENCE_MS, kind: 'final', sizeMs });

      return { spokenMs: endMs, steps };
    }
    atMs = endMs + pauseMs;
  }
}

/** When the next snapshot is due after one of so much audio, in milliseconds since the speech began. */
function nextSnapshotMs(lastSizeMs: number): number {
  const shareMs = SNAPSHOT_LENGTH_SHARE * lastSizeMs;
  const intervalMs = Math.min(
    Math.max(SNAPSHOT_INTERVAL_MS, shareMs),
    SNAPSHOT_MAX_INTERVALS * SNAPSHOT_INTERVAL_MS,
  );

  return Math.max(0, lastSizeMs - PREFIX_MS) + intervalMs;
}
