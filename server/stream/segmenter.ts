import type { Endpoint } from '../../client-sdk/protocol.ts';
import { WINDOW_SAMPLES } from '../../inference/vad.ts';
import { type PastWindow, quietestEnd } from './quietest-end.ts';
import { msToSamples } from './sample-time.ts';

/** Where captions begin and end. */
export interface EndpointingOptions {
  /** Speech begins when the voice-activity probability reaches this. */
  readonly startThreshold: number;
  /** Speech goes on until it falls below this; at most `startThreshold`. */
  readonly stopThreshold: number;
  /** Less speech than this is taken for noise. */
  readonly minSpeechMs: number;
  /** Trailing silence that ends a short segment; long ones end at less. */
  readonly minSilenceMs: number;
  /** No segment is longer: one that has no room for another window is cut, at the quietest recent point. */
  readonly maxSegmentMs: number;
  /** Audio kept from before speech was detected. */
  readonly prefixPaddingMs: number;
  /** Silence kept at the end of a segment; after this much of it a snapshot is taken that may become the final. */
  readonly tailPaddingMs: number;
  /**
   * Least new audio between two snapshots; a tenth of the segment's length where that is more, up to twice this value.
   * At 500 ms a second of speech is so decoded 9 times on average in a segment of 15 s, and 14 times in one of 28 s.
   * Snapshots in pauses come besides.
   */
  readonly partialIntervalMs: number;
}

/** A stretch of a stream's audio, in samples since the stream began: `[startSample, endSample)`. */
export interface SegmentRange {
  /** Counts up from 0 within a stream. */
  readonly segmentId: number;
  /** Counts up within a segment, over its snapshots. */
  readonly revision: number;
  readonly startSample: number;
  readonly endSample: number;
}

/** What the segmenter found in a window, or at a flush. */
export type SegmenterEvent =
  | { readonly type: 'speech-start'; readonly segmentId: number; readonly atSample: number }
  /** The open segment so far; `pause` when it will be the whole segment unless speech goes on. */
  | ({ readonly type: 'snapshot'; readonly pause: boolean } & SegmentRange)
  /** A finished segment. When its revision is that of the last snapshot, it is the very same audio. */
  | ({ readonly type: 'segment'; readonly endpoint: Endpoint } & SegmentRange);

/** What is known of one window of audio. */
export interface Window {
  /** 512, or fewer for the last one before a flush. */
  readonly samples: number;
  /** Voice-activity probability, in [0, 1]. */
  readonly probability: number;
  /** Mean square of the samples. */
  readonly power: number;
}

/** How much of `minSilenceMs` still ends a segment as long as `maxSegmentMs`. */
const LONG_SEGMENT_SILENCE_SHARE = 0.3;
/** A cut is looked for in this last share of a segment that grew too long. */
const CUT_SEARCH_SHARE = 0.3;
/** A snapshot is due no sooner than after this share of the segment's length; that bounds what all of them cost. */
const SNAPSHOT_LENGTH_SHARE = 0.1;
/** … but no later than after this many intervals: captions are to keep up. */
const SNAPSHOT_MAX_INTERVALS = 2;
/** Speech that makes a new snapshot worth it: in less there is hardly a syllable, and the words would be the same. */
const SNAPSHOT_MIN_SPEECH_MS = 128;

/** Speech not yet long enough to open a segment. */
interface Onset {
  readonly startSample: number;
  speechSamples: number;
}

interface OpenSegment {
  readonly segmentId: number;
  readonly startSample: number;
  /** End of the last window that was speech. */
  speechEndSample: number;
  /** Revision the next snapshot gets. */
  nextRevision: number;
  lastSnapshotEndSample: number;
  /** Speech that is in no snapshot yet. */
  newSpeechSamples: number;
  /** Whether a snapshot ending at `speechEndSample` plus tail has been taken in the present pause. */
  pauseSnapshotTaken: boolean;
  /** Power of the segment's windows, with the sample each ends at; those a cut may fall on. */
  readonly recent: PastWindow[];
}

/** All that a segmenter knows: plain data, which another one can go on with. */
export interface SegmenterState {
  readonly positionSample: number;
  readonly nextSegmentId: number;
  readonly lastEndSample: number;
  readonly onset: Readonly<Onset> | null;
  readonly open: Readonly<OpenSegment> | null;
}

/**
 * Finds segments of speech in one stream. A pure state machine: no clock, no audio, no I/O; time is the count of
 * samples accepted. Segments never overlap.
 */
export class Segmenter {
  readonly #options: EndpointingOptions;
  readonly #firstRevision: number;
  #positionSample = 0;
  #nextSegmentId = 0;
  /** End of the last segment: padding must not reach before it. */
  #lastEndSample = 0;
  #onset: Onset | null = null;
  #open: OpenSegment | null = null;
  /** Multiplies the interval between snapshots; with Infinity only pauses have one. */
  partialPace = 1;

  /**
   * @param from goes on where another segmenter was.
   * @param firstRevision of segments to come, and of one that is open: above all that has been shown of them.
   */
  constructor(options: EndpointingOptions, from: SegmenterState | null = null, firstRevision = 0) {
    this.#options = options;
    this.#firstRevision = firstRevision;
    if (!from) return;
    this.#positionSample = from.positionSample;
    this.#nextSegmentId = from.nextSegmentId;
    this.#lastEndSample = from.lastEndSample;
    this.#onset = from.onset && { ...from.onset };
    this.#open = from.open && { ...copyOf(from.open), nextRevision: firstRevision };
  }

  /** Where it is, as a copy. */
  save(): SegmenterState {
    return {
      positionSample: this.#positionSample,
      nextSegmentId: this.#nextSegmentId,
      lastEndSample: this.#lastEndSample,
      onset: this.#onset && { ...this.#onset },
      open: this.#open && copyOf(this.#open),
    };
  }

  /** Samples accepted so far. */
  get positionSample(): number {
    return this.#positionSample;
  }

  /** Audio before this will never be part of a segment to come. */
  get neededFromSample(): number {
    if (this.#open) return this.#open.startSample;
    const speechFrom = this.#onset?.startSample ?? this.#positionSample;

    return Math.max(this.#lastEndSample, speechFrom - msToSamples(this.#options.prefixPaddingMs));
  }

  accept(window: Window): readonly SegmenterEvent[] {
    const startSample = this.#positionSample;
    this.#positionSample += window.samples;

    return this.#open ? this.#acceptInside(this.#open, window) : this.#acceptOutside(startSample, window);
  }

  /** Ends the open segment, if any, where the stream is now. */
  flush(): readonly SegmenterEvent[] {
    this.#onset = null;

    return this.#open ? [this.#end(this.#open, 'flush')] : [];
  }

  /** A snapshot of the open segment up to `endSample`, which may lie beyond the last window; none when silent. */
  snapshot(endSample: number): readonly SegmenterEvent[] {
    return this.#open ? [this.#snapshot(this.#open, Math.max(endSample, this.#positionSample))] : [];
  }

  /**
   * Where a snapshot would end if it were taken now: that of the segment so far, or of its pause. What was snapped
   * before is never cut off. Null when the segment is not open.
   */
  endOf({ segmentId, endSample }: SegmentRange): number | null {
    return this.#open?.segmentId === segmentId ? Math.max(endSample, this.#endWithTail(this.#open)) : null;
  }

  /** The range of a snapshot, grown to where it would end now, with a revision of its own; itself if it has not grown. */
  grow(range: SegmentRange): SegmentRange {
    const endSample = this.endOf(range);
    if (endSample === null || endSample === range.endSample || !this.#open) return range;
    const segment = this.#open;
    segment.lastSnapshotEndSample = endSample;
    segment.newSpeechSamples = 0;

    return this.#range(segment, segment.nextRevision++, endSample);
  }

  #acceptOutside(startSample: number, { samples, probability }: Window): readonly SegmenterEvent[] {
    const { startThreshold, stopThreshold, minSpeechMs } = this.#options;
    // Once begun, speech goes on until it falls below the stop threshold, here as within a segment.
    if (probability >= (this.#onset ? stopThreshold : startThreshold)) {
      this.#onset ??= { startSample, speechSamples: 0 };
      this.#onset.speechSamples += samples;
    } else {
      this.#onset = null;
    }
    if (!this.#onset || this.#onset.speechSamples < msToSamples(minSpeechMs)) return [];
    const segmentStart = this.neededFromSample;
    const segment = this.#openAt(segmentStart, this.#onset.speechSamples);
    this.#onset = null;

    return [{ type: 'speech-start', segmentId: segment.segmentId, atSample: segmentStart }];
  }

  #acceptInside(segment: OpenSegment, window: Window): readonly SegmenterEvent[] {
    this.#remember(segment, window.power);
    const { startThreshold, stopThreshold, tailPaddingMs, maxSegmentMs } = this.#options;
    const position = this.#positionSample;
    const pausing = segment.speechEndSample < position - window.samples;
    // Within a pause only clear speech counts: that is the hysteresis.
    if (window.probability >= (pausing ? startThreshold : stopThreshold)) {
      segment.speechEndSample = position;
      segment.newSpeechSamples += window.samples;
      segment.pauseSnapshotTaken = false;
    }
    const silence = position - segment.speechEndSample;
    if (silence > 0 && silence >= this.#endingSilence(position - segment.startSample))
      return [this.#end(segment, 'silence')];
    // A marker may ask for the audio of a window that is not full yet: that, too, has to fit.
    const noRoom = position - segment.startSample > msToSamples(maxSegmentMs) - WINDOW_SAMPLES;
    if (noRoom) return this.#cut(segment);
    if (silence === 0 && this.#isSnapshotDue(segment)) return [this.#snapshot(segment, position)];
    if (silence >= msToSamples(tailPaddingMs) && !segment.pauseSnapshotTaken) {
      segment.pauseSnapshotTaken = true;

      return [this.#snapshot(segment, this.#endWithTail(segment), true)];
    }

    return [];
  }

  /** Silence that ends a segment of this length: less and less from half the longest length on. */
  #endingSilence(lengthSamples: number): number {
    const { minSilenceMs, maxSegmentMs, tailPaddingMs } = this.#options;
    const longness = Math.max(0, (2 * lengthSamples) / msToSamples(maxSegmentMs) - 1);
    const share = 1 - (1 - LONG_SEGMENT_SILENCE_SHARE) * Math.min(1, longness);

    return msToSamples(Math.max(minSilenceMs * share, Math.min(tailPaddingMs, minSilenceMs)));
  }

  #isSnapshotDue({ startSample, lastSnapshotEndSample, newSpeechSamples }: OpenSegment): boolean {
    if (newSpeechSamples < msToSamples(SNAPSHOT_MIN_SPEECH_MS)) return false;
    const position = this.#positionSample;
    const intervalSamples = this.partialPace * msToSamples(this.#options.partialIntervalMs);
    const share = SNAPSHOT_LENGTH_SHARE * (position - startSample);
    const due = Math.min(Math.max(intervalSamples, share), SNAPSHOT_MAX_INTERVALS * intervalSamples);

    return position - lastSnapshotEndSample >= due;
  }

  #openAt(startSample: number, newSpeechSamples: number): OpenSegment {
    this.#open = {
      segmentId: this.#nextSegmentId++,
      startSample,
      speechEndSample: this.#positionSample,
      nextRevision: this.#firstRevision,
      lastSnapshotEndSample: startSample,
      newSpeechSamples,
      pauseSnapshotTaken: false,
      recent: [],
    };

    return this.#open;
  }

  #remember(segment: OpenSegment, power: number): void {
    const searchSamples = msToSamples(this.#options.maxSegmentMs * CUT_SEARCH_SHARE);
    segment.recent.push({ endSample: this.#positionSample, power });
    while (segment.recent[0]!.endSample < this.#positionSample - searchSamples) segment.recent.shift();
  }

  #endWithTail(segment: OpenSegment): number {
    return Math.min(this.#positionSample, segment.speechEndSample + msToSamples(this.#options.tailPaddingMs));
  }

  #snapshot(segment: OpenSegment, endSample: number, pause = false): SegmenterEvent {
    segment.lastSnapshotEndSample = endSample;
    segment.newSpeechSamples = 0;

    return { type: 'snapshot', pause, ...this.#range(segment, segment.nextRevision++, endSample) };
  }

  #end(segment: OpenSegment, endpoint: Endpoint, endSample = this.#endWithTail(segment)): SegmenterEvent {
    this.#open = null;
    this.#lastEndSample = endSample;
    const sameAsSnapshot =
      segment.nextRevision > this.#firstRevision && segment.lastSnapshotEndSample === endSample;
    const revision = sameAsSnapshot ? segment.nextRevision - 1 : segment.nextRevision;

    return { type: 'segment', endpoint, ...this.#range(segment, revision, endSample) };
  }

  /** Ends a segment that grew too long at its quietest recent point, and opens the next one there. */
  #cut(segment: OpenSegment): readonly SegmenterEvent[] {
    const ended = this.#end(segment, 'max-duration', quietestEnd(segment.recent));
    const { speechEndSample } = segment;
    if (speechEndSample > this.#lastEndSample) {
      const next = this.#openAt(this.#lastEndSample, speechEndSample - this.#lastEndSample);
      next.speechEndSample = speechEndSample;
    }

    return [ended];
  }

  #range({ segmentId, startSample }: OpenSegment, revision: number, endSample: number): SegmentRange {
    return { segmentId, revision, startSample, endSample };
  }
}

function copyOf(segment: Readonly<OpenSegment>): OpenSegment {
  return { ...segment, recent: segment.recent.map((window) => ({ ...window })) };
}
