import { SAMPLE_RATE, type SpeechSegment } from '../../inference/recognizer.ts';
import { WINDOW_SAMPLES } from '../../inference/vad.ts';
import { StreamError } from '../errors.ts';
import { AudioBooks } from './audio-books.ts';
import { type CaptionEvent, Captioner } from './captioner.ts';
import { Checkpoints, type Place, type StreamCheckpoint } from './checkpoint.ts';
import { type Fence, Fences } from './fences.ts';
import { HeldAudio } from './held-audio.ts';
import { Segmenter, type SegmenterEvent, type SegmentRange } from './segmenter.ts';
import type { SpeechStreamListener, SpeechStreamOptions, SpeechStreamParts } from './speech-stream-terms.ts';
import type { VadSource } from './vad-ticker.ts';

/** Acknowledging less than this at a time would be chatter. */
const ACKNOWLEDGE_STEP_SAMPLES = SAMPLE_RATE;

/**
 * One speaker's audio on its way to captions: buffer → voice activity → segments → decoding → transcript. Knows no
 * sockets and no wire format. Positions are samples at 16 kHz since the stream began.
 */
export class SpeechStream implements VadSource {
  readonly #options: SpeechStreamOptions;
  readonly #parts: SpeechStreamParts;
  readonly #listener: SpeechStreamListener;
  readonly #audio: HeldAudio;
  readonly #segmenter: Segmenter;
  readonly #captioner: Captioner;
  readonly #books: AudioBooks;
  readonly #checkpoints = new Checkpoints();
  readonly #fences: Fences;
  /** Samples handed to voice detection and not yet answered. */
  #detectingSamples = 0;
  #nextSegmentId: number;
  /** The last segment that ended since voice detection was last at rest; null when there is none. */
  #endedSegmentId: number | null = null;
  #checkpoint: StreamCheckpoint;
  #acknowledgedSample: number;
  #state: 'open' | 'stopping' | 'stopped' | 'closed' = 'open';

  constructor(options: SpeechStreamOptions, parts: SpeechStreamParts, listener: SpeechStreamListener) {
    this.#options = options;
    this.#parts = parts;
    this.#listener = listener;
    const { checkpoint, firstRevision } = options.resume ?? { checkpoint: null, firstRevision: 0 };
    this.#books = new AudioBooks(checkpoint?.books);
    this.#acknowledgedSample = this.#books.settledSample;
    this.#audio = new HeldAudio(
      options.maxBufferedSamples,
      options.connectedAtMs,
      parts.clock,
      this.#books.settledSample,
    );
    this.#segmenter = new Segmenter(options.endpointing, checkpoint?.segmenter, firstRevision);
    this.#nextSegmentId = checkpoint?.nextSegmentId ?? 0;
    if (checkpoint) parts.ticker.restore(this, checkpoint.hearing);
    this.#fences = new Fences(options.maxFences);
    this.#captioner = new Captioner({
      streamId: options.streamId,
      meeting: options.meeting,
      model: options.model,
      weight: options.weight,
      firstSegmentId: this.#nextSegmentId,
      partials: options.partials,
      ...(options.text && { writing: options.text }),
      dispatcher: parts.dispatcher,
      clock: parts.clock,
      cut: (range, memory) => this.#cut(range, memory),
      grow: (range) => this.#segmenter.grow(range),
      grownEnd: (range) => this.#segmenter.endOf(range) ?? range.endSample,
      isLive: () => this.#audio.isLive,
      arrivedAtMs: (endSample) => this.#audio.arrivedAtMs(endSample),
      onCaption: (caption) => this.#onCaption(caption),
      onSettled: () => this.#settle(),
      onFault: (error) => this.#fault(error),
    });
    this.#checkpoint = checkpoint ?? this.#checkpointAt(this.#place());
  }

  get books(): AudioBooks {
    return this.#books;
  }

  /** Samples that can be written before the stream is overrun. */
  get freeSamples(): number {
    return this.#audio.free;
  }

  /** Whether it takes audio, or still makes captions of what it has. */
  get isOpen(): boolean {
    return this.#state !== 'closed';
  }

  /**
   * Whether all audio is there that voice detection has judged. Not of a resumed stream until what had been there has come
   * again: ending it before loses words that are not acknowledged.
   */
  get isCaughtUp(): boolean {
    return this.#audio.endSample >= this.#segmenter.positionSample;
  }

  /** Where the audio ends that has come so far. */
  get endSample(): number {
    return this.#audio.endSample;
  }

  /** Markers and flushes not yet answered. */
  get waitingFences(): number {
    return this.#fences.size;
  }

  /** Multiplies the interval between partials; Infinity leaves only those in pauses. */
  set partialPace(pace: number) {
    this.#segmenter.partialPace = pace;
  }

  /** Audio that is not final yet, in samples. */
  get bufferedSamples(): number {
    return this.#books.receivedSamples - this.#books.settledSample;
  }

  /**
   * Takes audio, mono at 16 kHz, which it copies.
   * @throws {StreamError} `audio-overrun` when more is held than allowed; the audio is not taken.
   */
  write(samples: Float32Array): void {
    if (this.#state !== 'open') throw new StreamError('already-stopped');
    this.#audio.append(samples);
    this.#books.receive(samples.length);
    if (this.#hasWindow()) this.#parts.ticker.wake(this);
  }

  /** Asks to be told when all audio so far is decoded. @throws {StreamError} when too many wait already. */
  mark(id: number): void {
    this.#addFence({ kind: 'marker', atSample: this.#audio.endSample, id });
  }

  /** Ends the open segment here. @throws {StreamError} when too many fences wait already. */
  flush(): void {
    // Of a resumed stream voice detection is ahead of the audio that has come again: it has seen to this one.
    if (this.#audio.endSample < this.#segmenter.positionSample) return;
    this.#addFence({ kind: 'flush', atSample: this.#audio.endSample });
  }

  /** No more audio: what there is is captioned, then the listener hears `done`. Idempotent. */
  stop(): void {
    if (this.#state !== 'open') return;
    this.#state = 'stopping';
    this.#padTo(this.#segmenter.positionSample);
    this.#fences.add({ kind: 'stop', atSample: this.#audio.endSample });
    this.#advance();
  }

  /** Where the stream can be taken up again by what is final so far. Some of it may not be acknowledged yet. */
  get checkpoint(): StreamCheckpoint {
    return this.#checkpoint;
  }

  /**
   * Ends everything now; the listener hears nothing more. Idempotent.
   * @param rest what becomes of audio that is not final: the stream may be taken up again, and it comes again.
   */
  close(rest: 'dropped' | 'resent' = 'dropped'): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#books.closeRest(rest);
    this.#parts.ticker.remove(this);
    this.#captioner.close();
    this.#audio.discardBefore(this.#audio.endSample);
  }

  takeWindows(maxWindows: number, lend: (samples: number) => Float32Array): Float32Array | null {
    try {
      return this.#takeWindows(maxWindows, lend);
    } catch (error) {
      this.#fault(error);
      return null;
    }
  }

  acceptWindows(probabilities: Float32Array, powers: Float32Array): void {
    try {
      this.#acceptWindows(probabilities, powers);
    } catch (error) {
      this.#fault(error);
    }
  }

  vadFailed(cause: Error): void {
    this.#fault(cause);
  }

  #takeWindows(maxWindows: number, lend: (samples: number) => Float32Array): Float32Array | null {
    if (this.#state === 'closed' || this.#detectingSamples > 0 || !this.#hasWindow()) return null;
    const from = this.#segmenter.positionSample;
    const available = (this.#fences.next?.atSample ?? this.#audio.endSample) - from;
    const windows = Math.min(Math.floor(available / WINDOW_SAMPLES), maxWindows);
    this.#detectingSamples = windows > 0 ? windows * WINDOW_SAMPLES : available;
    const audio = lend(Math.max(1, windows) * WINDOW_SAMPLES);
    this.#audio.copyTo(audio.subarray(0, this.#detectingSamples), from);

    return audio.fill(0, this.#detectingSamples);
  }

  #acceptWindows(probabilities: Float32Array, powers: Float32Array): void {
    let left = this.#detectingSamples;
    this.#detectingSamples = 0;
    for (let i = 0; i < probabilities.length && !this.#isClosed(); i++) {
      const samples = Math.min(WINDOW_SAMPLES, left);
      left -= samples;
      const window = { samples, probability: probabilities[i]!, power: powers[i]! };
      this.#follow(this.#segmenter.accept(window));
    }
    this.#advance();
  }

  /** Something broke in here or below: this stream ends, and no other. */
  #fault(cause: unknown): void {
    if (this.#isClosed()) return;
    this.close();
    this.#listener.failed(new StreamError('internal', undefined, { cause }));
  }

  #addFence(fence: Fence): void {
    if (this.#state !== 'open') throw new StreamError('already-stopped');
    this.#fences.add(fence);
    this.#advance();
  }

  /** A full window before the next fence, or what is left before one that ends a segment. */
  #hasWindow(): boolean {
    const fence = this.#fences.next;
    const available = (fence?.atSample ?? this.#audio.endSample) - this.#segmenter.positionSample;

    return available >= WINDOW_SAMPLES || (available > 0 && fence !== undefined && fence.kind !== 'marker');
  }

  /** Passes the fences that voice detection has reached, and settles what can be. */
  #advance(): void {
    while (this.#state !== 'closed' && this.#isFenceReached()) this.#pass(this.#fences.pass()!);
    if (this.#state === 'closed') return;
    this.#notePlace();
    if (this.#hasWindow()) this.#parts.ticker.wake(this);
    this.#settle();
  }

  #isFenceReached(): boolean {
    const { next } = this.#fences;
    if (!next || this.#detectingSamples > 0 || this.#hasWindow()) return false;

    // Of a resumed stream voice detection may be ahead of the audio that has come again.
    return this.#audio.endSample >= this.#segmenter.positionSample;
  }

  #pass(fence: Fence): void {
    if (fence.kind === 'marker') {
      const [snapshot] = this.#segmenter.snapshot(fence.atSample);
      if (snapshot?.type === 'snapshot') {
        this.#captioner.snapshot(snapshot, false, true);
        this.#fences.wait({
          id: fence.id,
          segmentId: snapshot.segmentId,
          revision: snapshot.revision,
        });
      } else {
        this.#fences.wait({ id: fence.id, segmentId: this.#nextSegmentId, revision: -1 });
      }
      return;
    }
    this.#follow(this.#segmenter.flush());
    if (fence.kind === 'stop') this.#state = 'stopped';
  }

  #follow(events: readonly SegmenterEvent[]): void {
    for (const event of events) {
      if (this.#state === 'closed') return;
      if (event.type === 'speech-start') {
        this.#listener.speechStarted(event.segmentId, event.atSample);
      } else if (event.type === 'snapshot') {
        this.#captioner.snapshot(event, event.pause);
      } else {
        this.#nextSegmentId = event.segmentId + 1;
        this.#endedSegmentId = event.segmentId;
        this.#captioner.finish(event, event.endpoint);
      }
    }
  }

  #cut({ startSample }: SegmentRange, memory: Float32Array): SpeechSegment {
    this.#audio.copyTo(memory, startSample);

    const { language, text } = this.#options;
    const hotWords = text?.hotWords;

    return { samples: memory, language, ...(hotWords && { hotWords }) };
  }

  #onCaption(caption: CaptionEvent): void {
    const { event } = caption;
    if (event.type !== 'partial') {
      const { startSample, endSample } = event.range;
      this.#books.settleSegment(startSample, endSample, event.type === 'final' ? 'transcribed' : 'dropped');
    }
    this.#listener.caption(caption);
  }

  /** After anything ended: settles silence, lets go of audio, answers markers, and ends a stopped stream. */
  #settle(): void {
    if (this.#state === 'closed') return;
    if (this.#captioner.pendingFinals === 0) {
      const { neededFromSample, positionSample } = this.#segmenter;
      this.#books.settleSilence(Math.min(neededFromSample, positionSample, this.#audio.endSample));
    }
    this.#reach();
    this.#audio.discardBefore(this.#books.settledSample);
    this.#answerMarkers();
    if (this.#isClosed()) return;
    if (this.#state === 'stopped' && this.#captioner.pendingFinals === 0) {
      this.#end();
    } else if (this.#checkpoint.settledSample >= this.#acknowledgedSample + ACKNOWLEDGE_STEP_SAMPLES) {
      this.#acknowledge();
    }
  }

  /** Remembers where voice detection stands if a segment ended there. It knows while nothing is under way. */
  #notePlace(): void {
    if (this.#endedSegmentId === null || this.#detectingSamples > 0) return;
    this.#checkpoints.ended(this.#endedSegmentId, this.#place());
    this.#endedSegmentId = null;
  }

  /** Moves the checkpoint to what is settled by now, where that can be told. */
  #reach(): void {
    const { pendingFinals, nextSegmentId } = this.#captioner;
    if (pendingFinals > 0) {
      const place = this.#checkpoints.reached(nextSegmentId);
      if (place) this.#checkpoint = this.#checkpointAt(place);
      return;
    }
    if (this.#detectingSamples > 0) return;
    const next = this.#checkpoint.settledSample + ACKNOWLEDGE_STEP_SAMPLES;
    if (this.#checkpoints.reached(nextSegmentId) || this.#books.settledSample >= next)
      this.#checkpoint = this.#checkpointAt(this.#place());
  }

  #checkpointAt(place: Place): StreamCheckpoint {
    const { settledSample, settled: books } = this.#books;

    return { settledSample, nextSegmentId: this.#captioner.nextSegmentId, ...place, books };
  }

  #place(): Place {
    return { segmenter: this.#segmenter.save(), hearing: this.#parts.ticker.save(this) };
  }

  /** A resumed stream that ends before all came again that had been there: what is missing is silence. */
  #padTo(sample: number): void {
    const missing = sample - this.#audio.endSample;
    if (missing <= 0) return;
    this.#audio.append(new Float32Array(missing));
    this.#books.receive(missing);
  }

  #answerMarkers(): void {
    while (this.#state !== 'closed') {
      const marker = this.#fences.answer((segmentId, revision) =>
        this.#captioner.hasReached(segmentId, revision),
      );
      if (!marker) return;
      this.#listener.marker(marker.id);
    }
  }

  /** A listener may have closed the stream from within what it was told. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #acknowledge(): void {
    this.#acknowledgedSample = this.#checkpoint.settledSample;
    this.#listener.acknowledged(this.#checkpoint);
  }

  #end(): void {
    this.#books.settleSilence(this.#books.receivedSamples);
    this.#checkpoint = this.#checkpointAt(this.#place());
    this.#acknowledge();
    if (this.#isClosed()) return;
    const books = this.#books.inMs();
    this.close();
    this.#listener.done(books);
  }
}
