import type { Endpoint } from '../../client-sdk/protocol.ts';
import type { Hypothesis, SpeechSegment } from '../../inference/recognizer.ts';
import type { Priority } from '../../scheduler/scheduler.ts';
import type { Clock } from '../clock.ts';
import { carriedDraft } from './carried-draft.ts';
import type { DecodeRequest, DecodeTiming, Dispatcher } from './dispatcher.ts';
import { samplesToMs } from './sample-time.ts';
import type { SegmentRange } from './segmenter.ts';
import { Transcript, type TranscriptEvent, type Writing } from './transcript.ts';

/** Where a caption's time went until its hypothesis was there. */
export interface HypothesisTiming extends DecodeTiming {
  /** From the arrival of its newest audio until decoding was asked for, or until it turned out to be unnecessary. */
  readonly audioWaitMs: number;
  /** When its hypothesis was there, on the clock. */
  readonly answeredAtMs: number;
  /** Whether it went after everybody else's, as a recording's does. */
  readonly background: boolean;
}

/** What happened to a caption, and where its time went; null for one that is lost. */
export interface CaptionEvent {
  readonly event: TranscriptEvent;
  readonly timing: HypothesisTiming | null;
}

/** What a captioner works with, and whom it tells. */
export interface CaptionerOptions {
  /** The stream, as the scheduler's flow. */
  readonly streamId: string;
  /** The meeting, as the scheduler's group. */
  readonly meeting: string;
  /** The model that hears it, by its number. */
  readonly model: number;
  /** The stream's share among others, 1 being the usual. */
  readonly weight: number;
  /** All before it have ended. */
  readonly firstSegmentId: number;
  /** Whether snapshots are decoded as they come. */
  readonly partials: boolean;
  /** How captions are written; as they were heard when left out. */
  readonly writing?: Writing;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** Cuts a range out of the stream's audio into memory of its length. */
  readonly cut: (range: SegmentRange, memory: Float32Array) => SpeechSegment;
  /** A snapshot's range, grown to what has been spoken by now. */
  readonly grow: (range: SegmentRange) => SegmentRange;
  /** Where it would end. */
  readonly grownEnd: (range: SegmentRange) => number;
  /** Whether the stream is spoken as it comes. A recording, sent faster, gets finals only, after everybody else's. */
  readonly isLive: () => boolean;
  /** When the sample before a position arrived, on the clock. */
  readonly arrivedAtMs: (endSample: number) => number;
  readonly onCaption: (caption: CaptionEvent) => void;
  /** Something ended, well or not: what waits for it may look again. */
  readonly onSettled: () => void;
  /** One of the two above threw, in a turn of the dispatcher's. */
  readonly onFault: (error: unknown) => void;
}

/** A caption is on time when it is there so long after the arrival of its newest audio. */
export const ON_TIME_MS = 1200;

/** One decoding of a range, from being asked for to its outcome. */
interface Decoding {
  /** A snapshot's grows until its turn comes: the caption is of what has been said by then. */
  range: SegmentRange;
  readonly askedAtMs: number;
  readonly background: boolean;
  /** Set when the range is that of a finished segment. */
  endpoint: Endpoint | null;
  /** Whether its turn has come; not once it has been put back. */
  running: boolean;
}

/**
 * Has the segments of one stream decoded, and their hypotheses written down. A finished segment is not decoded
 * again when the last snapshot, taken in the pause that ended it, holds the same audio.
 */
export class Captioner {
  readonly #options: CaptionerOptions;
  readonly #transcript: Transcript;
  /** Not yet ended, by segment; a newer snapshot's replaces an older one's. */
  readonly #decodings = new Map<number, Decoding>();
  /** The newest snapshot's hypothesis. */
  #last: { readonly range: SegmentRange; readonly hypothesis: Hypothesis } | null = null;
  /** What was heard of a segment before it began: behind the cut that ended the one before. */
  #carried: {
    readonly segmentId: number;
    readonly tokens: readonly number[];
    readonly endSample: number;
  } | null = null;
  /** Where the time of finals went that have not been told yet, by segment. */
  readonly #timings = new Map<number, HypothesisTiming>();
  /** Finished segments that are neither final nor lost. */
  #pendingFinals = 0;
  #closed = false;

  constructor(options: CaptionerOptions) {
    this.#options = options;
    this.#transcript = new Transcript(options.firstSegmentId, options.writing);
  }

  get pendingFinals(): number {
    return this.#pendingFinals;
  }

  /** The first segment that has not ended: all before it are final or lost. */
  get nextSegmentId(): number {
    return this.#transcript.nextSegmentId;
  }

  /**
   * Whether all segments before `segmentId` have ended, and it has itself or is decoded at least up to `revision`.
   */
  hasReached(segmentId: number, revision: number): boolean {
    if (this.#transcript.nextSegmentId !== segmentId) return this.#transcript.nextSegmentId > segmentId;

    return this.#decodings.get(segmentId) === undefined || this.#decodedRevision(segmentId) >= revision;
  }

  /**
   * Has the open segment decoded so far.
   * @param pause whether it will most likely be the whole segment.
   * @param always even when no partials are wanted, for a marker's sake.
   */
  snapshot(range: SegmentRange, pause = false, always = false): void {
    if (this.#closed) return;
    const wanted = this.#options.partials && this.#options.isLive();
    if (wanted || always) this.#decode(range, null, pause ? 'candidate' : 'partial');
  }

  /** Has a finished segment decoded, unless the hypothesis is there or on its way. */
  finish(range: SegmentRange, endpoint: Endpoint): void {
    if (this.#closed) return;
    this.#pendingFinals++;
    const { segmentId, revision } = range;
    if (endpoint === 'max-duration') this.#transcript.cut(segmentId);
    if (this.#decodedRevision(segmentId) === revision) {
      const none = { queueWaitMs: 0, batchWaitMs: 0, inferenceMs: 0 };
      this.#timings.set(segmentId, this.#timing(range, this.#options.clock.now(), false, none));
      this.#write(this.#transcript.final(range, endpoint, this.#last!.hypothesis));
      return;
    }
    const decoding = this.#decodings.get(segmentId);
    if (decoding?.running && decoding.range.revision === revision) decoding.endpoint = endpoint;
    else this.#decode(range, endpoint, this.#options.isLive() ? 'final' : 'background');
  }

  /** Drops what is queued; what runs is ignored when it ends. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#options.dispatcher.cancel(this.#options.streamId);
  }

  #decodedRevision(segmentId: number): number {
    return this.#last?.range.segmentId === segmentId ? this.#last.range.revision : -1;
  }

  #decode(range: SegmentRange, endpoint: Endpoint | null, priority: Priority): void {
    const { dispatcher, streamId, meeting, model, weight, clock, arrivedAtMs } = this.#options;
    const background = priority === 'background';
    const decoding: Decoding = { range, askedAtMs: clock.now(), background, endpoint, running: false };
    this.#decodings.set(range.segmentId, decoding);
    const accepted = dispatcher.submit({
      group: meeting,
      flow: streamId,
      key: String(range.segmentId),
      priority,
      model,
      weight,
      dueAtMs: arrivedAtMs(range.endSample) + ON_TIME_MS,
      samples: endpoint === null ? null : range.endSample - range.startSample,
      request: this.#request(decoding),
    });
    if (!accepted) this.#failed(decoding);
  }

  #request(decoding: Decoding): DecodeRequest {
    const { grow, grownEnd, cut } = this.#options;

    return {
      work: () => {
        const { range, endpoint } = decoding;
        const endSample = endpoint === null ? grownEnd(range) : range.endSample;

        return {
          size: samplesToMs(endSample - range.startSample),
          fresh: samplesToMs(endSample - Math.min(endSample, this.#heardUntil(range))),
        };
      },
      isFinal: () => decoding.endpoint !== null,
      take: (lend) => {
        decoding.running = true;
        if (decoding.endpoint === null) decoding.range = grow(decoding.range);
        const { range } = decoding;
        const memory = lend(range.endSample - range.startSample);

        return { ...cut(range, memory), draft: this.#draftFor(range) };
      },
      putBack: () => {
        decoding.running = false;
      },
      succeeded: (hypothesis, timing) => this.#guard(() => this.#succeeded(decoding, hypothesis, timing)),
      failed: () => this.#guard(() => this.#failed(decoding)),
    };
  }

  #succeeded(decoding: Decoding, hypothesis: Hypothesis, decodeTiming: DecodeTiming): void {
    if (this.#closed) return;
    this.#forget(decoding);
    const { range, endpoint, askedAtMs, background } = decoding;
    const timing = this.#timing(range, askedAtMs, background, decodeTiming);
    if (endpoint !== null) {
      if (endpoint === 'max-duration') this.#carryOn(range, hypothesis);
      this.#timings.set(range.segmentId, timing);
      this.#write(this.#transcript.final(range, endpoint, hypothesis));
      return;
    }
    // Of one segment never older than the last, because its snapshots are decoded one at a time.
    if (range.segmentId >= (this.#last?.range.segmentId ?? 0)) this.#last = { range, hypothesis };
    this.#write(this.#options.partials ? this.#transcript.partial(range, hypothesis) : [], timing);
  }

  /** What a snapshot has grown by while it waited for its turn arrived after it was asked for. */
  #timing(
    range: SegmentRange,
    askedAtMs: number,
    background: boolean,
    timing: DecodeTiming,
  ): HypothesisTiming {
    const { clock, arrivedAtMs } = this.#options;
    const waitedMs = askedAtMs - arrivedAtMs(range.endSample);

    return {
      ...timing,
      audioWaitMs: Math.max(0, waitedMs),
      queueWaitMs: Math.max(0, timing.queueWaitMs + Math.min(0, waitedMs)),
      answeredAtMs: clock.now(),
      background,
    };
  }

  /** What was last heard of the same segment, or of it behind the cut that began it. */
  #draftFor({ segmentId }: SegmentRange): readonly number[] {
    if (this.#last?.range.segmentId === segmentId) return this.#last.hypothesis.tokens;

    return this.#carried?.segmentId === segmentId ? this.#carried.tokens : [];
  }

  /** Up to where a draft covers the audio of a range. */
  #heardUntil({ segmentId, startSample }: SegmentRange): number {
    if (this.#last?.range.segmentId === segmentId) return this.#last.range.endSample;

    return this.#carried?.segmentId === segmentId ? this.#carried.endSample : startSample;
  }

  /** Keeps what was heard behind a cut for the segment that begins there. */
  #carryOn({ segmentId }: SegmentRange, final: Hypothesis): void {
    if (this.#last?.range.segmentId !== segmentId) return;
    const tokens = carriedDraft(this.#last.hypothesis.tokens, final.tokens);
    this.#carried = { segmentId: segmentId + 1, tokens, endSample: this.#last.range.endSample };
  }

  /** The dispatcher serves other streams as well: what goes wrong in this one stays here. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #failed(decoding: Decoding): void {
    if (this.#closed) return;
    this.#forget(decoding);
    this.#write(decoding.endpoint === null ? [] : this.#transcript.lost(decoding.range));
  }

  #forget(decoding: Decoding): void {
    const { segmentId } = decoding.range;
    // A newer one of the same segment may have taken its place.
    if (this.#decodings.get(segmentId) === decoding) this.#decodings.delete(segmentId);
  }

  /** @param partial where the time of a partial went; that of finals, which may have waited for others, is kept. */
  #write(events: readonly TranscriptEvent[], partial: HypothesisTiming | null = null): void {
    for (const event of events) {
      const { segmentId } = event.range;
      const timing = event.type === 'partial' ? partial : (this.#timings.get(segmentId) ?? null);
      if (event.type !== 'partial') {
        this.#pendingFinals--;
        this.#timings.delete(segmentId);
      }
      this.#options.onCaption({ event, timing });
      // Whoever hears of a caption may close the stream.
      if (this.#closed) return;
    }
    this.#options.onSettled();
  }
}
