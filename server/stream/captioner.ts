import type { Endpoint } from '../../client-sdk/protocol.ts';
import type { Hypothesis, SpeechSegment } from '../../inference/recognizer.ts';
import type { Clock } from '../clock.ts';
import { carriedDraft } from './carried-draft.ts';
import type { DecodeRequest, Dispatcher } from './dispatcher.ts';
import type { SegmentRange } from './segmenter.ts';
import { Transcript, type TranscriptEvent } from './transcript.ts';

/** What happened to a caption, and how long it took from the segmenter's decision to here. */
export interface CaptionEvent {
  readonly event: TranscriptEvent;
  readonly decodeDelayMs: number;
}

/** What a captioner works with, and whom it tells. */
export interface CaptionerOptions {
  /** The stream, as the scheduler's flow. */
  readonly streamId: string;
  /** Whether snapshots are decoded as they come. */
  readonly partials: boolean;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** Cuts a range out of the stream's audio into memory of its length. */
  readonly cut: (range: SegmentRange, memory: Float32Array) => SpeechSegment;
  readonly onCaption: (caption: CaptionEvent) => void;
  /** Something ended, well or not: what waits for it may look again. */
  readonly onSettled: () => void;
  /** One of the two above threw, in a turn of the dispatcher's. */
  readonly onFault: (error: unknown) => void;
}

/** One decoding of a range, from being asked for to its outcome. */
interface Decoding {
  readonly range: SegmentRange;
  readonly askedAtMs: number;
  /** Set when the range is that of a finished segment. */
  endpoint: Endpoint | null;
  running: boolean;
}

/**
 * Has the segments of one stream decoded, and their hypotheses written down. A finished segment is not decoded
 * again when the last snapshot, taken in the pause that ended it, holds the same audio.
 */
export class Captioner {
  readonly #options: CaptionerOptions;
  readonly #transcript = new Transcript();
  /** Not yet ended, by segment; a newer snapshot's replaces an older one's. */
  readonly #decodings = new Map<number, Decoding>();
  /** The newest snapshot's hypothesis. */
  #last: { readonly range: SegmentRange; readonly hypothesis: Hypothesis } | null = null;
  /** What was heard of a segment before it began: behind the cut that ended the one before. */
  #carried: { readonly segmentId: number; readonly tokens: readonly number[] } | null = null;
  /** Finished segments that are neither final nor lost. */
  #pendingFinals = 0;
  #closed = false;

  constructor(options: CaptionerOptions) {
    this.#options = options;
  }

  get pendingFinals(): number {
    return this.#pendingFinals;
  }

  /**
   * Whether all segments before `segmentId` have ended, and it has itself or is decoded at least up to `revision`.
   */
  hasReached(segmentId: number, revision: number): boolean {
    if (this.#transcript.nextSegmentId !== segmentId) return this.#transcript.nextSegmentId > segmentId;

    return this.#decodings.get(segmentId) === undefined || this.#decodedRevision(segmentId) >= revision;
  }

  /** Has the open segment decoded so far. @param always even when no partials are wanted, for a marker's sake. */
  snapshot(range: SegmentRange, always = false): void {
    if (this.#closed) return;
    if (this.#options.partials || always) this.#decode(range, null);
  }

  /** Has a finished segment decoded, unless the hypothesis is there or on its way. */
  finish(range: SegmentRange, endpoint: Endpoint): void {
    if (this.#closed) return;
    this.#pendingFinals++;
    const { segmentId, revision } = range;
    if (this.#decodedRevision(segmentId) === revision) {
      this.#write(this.#transcript.final(range, endpoint, this.#last!.hypothesis), this.#options.clock.now());
      return;
    }
    const decoding = this.#decodings.get(segmentId);
    if (decoding?.running && decoding.range.revision === revision) decoding.endpoint = endpoint;
    else this.#decode(range, endpoint);
  }

  /** Drops what is queued; what runs is ignored when it ends. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#options.dispatcher.cancel(this.#options.streamId);
  }

  #decodedRevision(segmentId: number): number {
    return this.#last?.range.segmentId === segmentId ? this.#last.range.revision : -1;
  }

  #decode(range: SegmentRange, endpoint: Endpoint | null): void {
    const { dispatcher, streamId, clock } = this.#options;
    const decoding: Decoding = { range, askedAtMs: clock.now(), endpoint, running: false };
    this.#decodings.set(range.segmentId, decoding);
    const accepted = dispatcher.submit({
      flow: streamId,
      key: String(range.segmentId),
      priority: endpoint === null ? 'partial' : 'final',
      samples: range.endSample - range.startSample,
      request: this.#request(decoding),
    });
    if (!accepted) this.#failed(decoding);
  }

  #request(decoding: Decoding): DecodeRequest {
    const { range } = decoding;

    return {
      take: (lend) => {
        decoding.running = true;
        const memory = lend(range.endSample - range.startSample);

        return { ...this.#options.cut(range, memory), draft: this.#draftFor(range) };
      },
      succeeded: (hypothesis) => this.#guard(() => this.#succeeded(decoding, hypothesis)),
      failed: () => this.#guard(() => this.#failed(decoding)),
    };
  }

  #succeeded(decoding: Decoding, hypothesis: Hypothesis): void {
    if (this.#closed) return;
    this.#forget(decoding);
    const { range, endpoint, askedAtMs } = decoding;
    if (endpoint !== null) {
      if (endpoint === 'max-duration') this.#carryOn(range, hypothesis);
      this.#write(this.#transcript.final(range, endpoint, hypothesis), askedAtMs);
      return;
    }
    // Of one segment never older than the last, because its snapshots are decoded one at a time.
    if (range.segmentId >= (this.#last?.range.segmentId ?? 0)) this.#last = { range, hypothesis };
    this.#write(this.#options.partials ? this.#transcript.partial(range, hypothesis) : [], askedAtMs);
  }

  /** What was last heard of the same segment, or of it behind the cut that began it. */
  #draftFor({ segmentId }: SegmentRange): readonly number[] {
    if (this.#last?.range.segmentId === segmentId) return this.#last.hypothesis.tokens;

    return this.#carried?.segmentId === segmentId ? this.#carried.tokens : [];
  }

  /** Keeps what was heard behind a cut for the segment that begins there. */
  #carryOn({ segmentId }: SegmentRange, final: Hypothesis): void {
    if (this.#last?.range.segmentId !== segmentId) return;
    const tokens = carriedDraft(this.#last.hypothesis.tokens, final.tokens);
    this.#carried = { segmentId: segmentId + 1, tokens };
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
    this.#write(decoding.endpoint === null ? [] : this.#transcript.lost(decoding.range), decoding.askedAtMs);
  }

  #forget(decoding: Decoding): void {
    const { segmentId } = decoding.range;
    // A newer one of the same segment may have taken its place.
    if (this.#decodings.get(segmentId) === decoding) this.#decodings.delete(segmentId);
  }

  #write(events: readonly TranscriptEvent[], askedAtMs: number): void {
    const decodeDelayMs = this.#options.clock.now() - askedAtMs;
    for (const event of events) {
      if (event.type !== 'partial') this.#pendingFinals--;
      this.#options.onCaption({ event, decodeDelayMs });
      // Whoever hears of a caption may close the stream.
      if (this.#closed) return;
    }
    this.#options.onSettled();
  }
}
