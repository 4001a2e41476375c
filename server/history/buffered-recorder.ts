import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { Clock } from '../clock.ts';
import { ChangeQueue, type Settled } from './change-queue.ts';
import { type HistoryChange, type HistoryStore, isAskedFor, newestPage } from './history-store.ts';
import type { Recorder, StreamRecord } from './records.ts';
import { comparePlaces, type TranscriptPage, type TranscriptQuery } from './transcript-source.ts';

/** Told how the writing goes; never what is written. */
export interface RecorderObserver {
  /** @param finals of the changes that were made. @param durationMs from asking the store until it had made them. */
  written(finals: number, durationMs: number): void;
  /** The store could not write, and is asked again after a while. @param failures in a row. */
  failed(error: unknown, failures: number, retryAfterMs: number): void;
  /** The store writes again. */
  recovered(): void;
  /** There was no room for what waits, and nothing more is kept of the stream that had most waiting. */
  gaveUp(): void;
  /** Somebody who was told that a record is kept threw. */
  faulted(error: unknown): void;
}

/** How much is written at once, and how much may wait. */
export interface RecorderBounds {
  readonly maxChangesPerWrite: number;
  readonly maxChanges: number;
}

/**
 * A write of a thousand takes some 30 ms. What may wait is some 75 MB of memory when full. Clients that heed
 * acknowledgements stop by themselves long before: without any, they send no more than `maxBufferedMs` of audio.
 */
const BOUNDS: RecorderBounds = { maxChangesPerWrite: 1000, maxChanges: 50_000 };

/**
 * From the beginning of one write to that of the next. Each costs both threads the same whatever is in it, and a hundred
 * streams would have a hundred a second; an acknowledgement that comes so much later is late for nobody.
 */
const LEAST_BETWEEN_WRITES_MS = 50;
/** Until the store is asked again: twice as long after each failure, up to the most. */
const RETRY_AFTER_MS = 1000;
const MAX_RETRY_AFTER_MS = 30_000;

/**
 * Hands what streams want kept to a store, in groups: the first at once, and what comes while it is written, or within 50 ms,
 * with the next. While the store cannot write, everything waits, and acknowledgements with it; readers are told what waits as if it had been kept.
 *
 * When more waits than there is room for, the stream that has most waiting is given up: what waits of it is let go, and
 * nothing of it is kept from then on until it is forgotten. As none of that was acknowledged, its client still has the audio.
 */
export class BufferedRecorder implements Recorder {
  readonly #store: HistoryStore;
  readonly #clock: Clock;
  readonly #observer: RecorderObserver;
  readonly #bounds: RecorderBounds;
  readonly #queue = new ChangeQueue();
  /** Streams of which nothing is kept any more. */
  readonly #givenUp = new Set<string>();
  #writing = false;
  /** In a row. */
  #failures = 0;
  /** Of the next write. */
  #cancelWait: (() => void) | null = null;
  #wroteAtMs = Number.NEGATIVE_INFINITY;
  #onEmpty: (() => void) | null = null;
  #closing: Promise<number> | null = null;
  #closed = false;

  constructor(
    store: HistoryStore,
    clock: Clock,
    observer: RecorderObserver,
    bounds: RecorderBounds = BOUNDS,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#observer = observer;
    this.#bounds = bounds;
  }

  /** Changes that wait for the store. */
  get queuedChanges(): number {
    return this.#queue.size;
  }

  final(caption: FinalMessage, settled: Settled | null = null): void {
    if (!this.#givenUp.has(caption.streamId)) this.#add({ type: 'final', caption }, settled);
    else if (settled) this.#tell([settled], false);
  }

  /**
   * Keeps finals of a recording, whose audio nobody has to send again.
   * @returns once they outlive the process, or their meeting was deleted meanwhile: true; false when there was no room for all of
   * them. Never once the recorder has been closed.
   */
  async keep(captions: readonly FinalMessage[]): Promise<boolean> {
    const last = captions.at(-1);
    if (!last) return true;
    // What comes before the last one is written before it, or with it.
    for (const caption of captions.slice(0, -1)) this.final(caption);
    const isKept = await new Promise<boolean>((resolve) => this.final(last, resolve));
    if (!isKept) this.#givenUp.delete(last.streamId);

    return isKept;
  }

  stream(record: StreamRecord, settled: Settled): void {
    if (this.#givenUp.has(record.streamId)) this.#tell([settled], false);
    else this.#add({ type: 'stream', record }, settled);
  }

  forget(streamId: string, resumptions: number): void {
    this.#givenUp.delete(streamId);
    this.#add({ type: 'forget', streamId, resumptions });
  }

  async find(tokenHash: string): Promise<StreamRecord | null> {
    const waiting = this.#queue.findStream(tokenHash);
    if (waiting) return waiting;
    const record = await this.#store.findStream(tokenHash);

    return record && !this.#queue.isForgotten(record.streamId, record.resumptions) ? record : null;
  }

  async finals(streamId: string, endMs: number, untilMs: number): Promise<readonly FinalMessage[]> {
    // Before the store is asked: what it keeps meanwhile would be in neither.
    const waiting = this.#queue.finals(
      (final) => final.streamId === streamId && final.endMs > endMs && final.endMs <= untilMs,
    );
    const kept = await this.#store.finalsOfStream(streamId, endMs, untilMs);

    return join(kept, waiting).sort((a, b) => a.endMs - b.endMs);
  }

  /** As the store's, those that are still to be written among them. @throws {Error} when the store cannot tell. */
  async finalsOfMeeting(meeting: string, query: TranscriptQuery): Promise<TranscriptPage> {
    const waiting = this.#queue.finals((final) => final.meeting === meeting && isAskedFor(final, query));
    const page = await this.#store.finalsOfMeeting(meeting, query);
    if (waiting.size === 0) return page;
    const finals = join(page.captions, waiting).filter(({ text }) => text !== '');
    const { captions, more } = newestPage(finals.sort(comparePlaces), query);

    return { captions, more: more || page.more };
  }

  /** Lets go of the finals of a meeting that wait: it is about to be deleted. @returns how many. */
  dropFinals(meeting: string): number {
    const { count, settled } = this.#queue.dropFinals(meeting);
    this.#tell(settled, true);

    return count;
  }

  /**
   * Writes what waits, asking a store that cannot write once a second. What comes from now on is not kept. Idempotent; does
   * not close the store.
   * @param withinMs how long at most.
   * @returns changes that could not be written.
   */
  close(withinMs: number): Promise<number> {
    this.#closing ??= new Promise((resolve) => {
      const end = () => {
        this.#closed = true;
        this.#cancelWait?.();
        resolve(this.#queue.size);
      };
      const cancel = this.#clock.after(withinMs, end);
      this.#onEmpty = () => {
        cancel();
        end();
      };
      this.#cancelWait?.();
      this.#cancelWait = null;
      this.#failures = 0;
      this.#wroteAtMs = Number.NEGATIVE_INFINITY;
      this.#pump();
    });

    return this.#closing;
  }

  #add(change: HistoryChange, settled: Settled | null = null): void {
    if (this.#closing) return;
    this.#queue.add(change, settled);
    if (this.#queue.size > this.#bounds.maxChanges) this.#giveUp();
    this.#pump();
  }

  #giveUp(): void {
    const dropped = this.#queue.dropLargest();
    if (!dropped) return;
    if (!this.#queue.isForgotten(dropped.streamId)) this.#givenUp.add(dropped.streamId);
    this.#observer.gaveUp();
    this.#tell(dropped.settled, false);
  }

  /** Sees to it that what waits is written. */
  #pump(): void {
    if (this.#writing || this.#cancelWait || this.#closed) return;
    if (!this.#queue.isWaiting) {
      this.#onEmpty?.();

      return;
    }
    const waitMs = this.#wroteAtMs + LEAST_BETWEEN_WRITES_MS - this.#clock.now();
    if (waitMs > 0 && !this.#closing) this.#pumpAfter(waitMs);
    else void this.#write();
  }

  #pumpAfter(waitMs: number): void {
    this.#cancelWait = this.#clock.after(waitMs, () => {
      this.#cancelWait = null;
      this.#pump();
    });
  }

  async #write(): Promise<void> {
    this.#writing = true;
    // What is said in the same turn goes along.
    await null;
    const changes = this.#queue.take(this.#bounds.maxChangesPerWrite);
    if (changes.length === 0) {
      // All of it was given up.
      this.#writing = false;
      this.#pump();

      return;
    }
    const sinceMs = this.#clock.now();
    this.#wroteAtMs = sinceMs;
    let leftOut: readonly string[];
    try {
      leftOut = await this.#store.write(changes, this.#clock.epochMs());
    } catch (error) {
      this.#writing = false;
      this.#queue.returned();
      this.#retryLater(error);

      return;
    }
    this.#writing = false;
    const told = this.#queue.written(leftOut);
    this.#observer.written(
      changes.filter(({ type }) => type === 'final').length,
      this.#clock.now() - sinceMs,
    );
    if (this.#failures > 0) this.#observer.recovered();
    this.#failures = 0;
    this.#pump();
    for (const { settled, kept } of told) this.#tell(settled, kept);
  }

  #retryLater(error: unknown): void {
    if (this.#closed) return;
    const longestMs = this.#closing ? RETRY_AFTER_MS : MAX_RETRY_AFTER_MS;
    const retryAfterMs = Math.min(longestMs, RETRY_AFTER_MS * 2 ** this.#failures++);
    this.#observer.failed(error, this.#failures, retryAfterMs);
    this.#pumpAfter(retryAfterMs);
  }

  /** Not before the caller has gone on: a stream that is told may end there and then. */
  #tell(settled: readonly Settled[], kept: boolean): void {
    for (const each of settled)
      queueMicrotask(() => {
        try {
          each(kept);
        } catch (error) {
          // One stream's fault is not the others'.
          this.#observer.faulted(error);
        }
      });
  }
}

/** What is kept, with what waits in place of what has the same id. */
function join(kept: readonly FinalMessage[], waiting: ReadonlyMap<string, FinalMessage>): FinalMessage[] {
  return [...kept.filter(({ captionId }) => !waiting.has(captionId)), ...waiting.values()];
}
