import { type Control, controlItem, gap, type Item, isDealtWith, splitItem } from './tape-item.ts';

/** Audio that will not reach the server. Positions are frames of all audio that was handed in. */
export interface LostAudio {
  readonly fromFrame: number;
  readonly frames: number;
}

/** What a tape has to know. */
export interface TapeOptions {
  /** Frames in a second: samples of each channel. */
  readonly sampleRate: number;
  readonly frameBytes: number;
  /** Audio kept until it is acknowledged; beyond it the oldest is let go. */
  readonly maxMs: number;
}

/** Audio in one message. What comes in smaller pieces and has to wait is joined up to this. */
const MESSAGE_MS = 100;
/** Where a stream goes on may lie this far before what is acknowledged. */
const KEPT_BEFORE_MS = 100;

/**
 * Everything a speaker has said that the server has not acknowledged, in order, and how far it has been handed over: what
 * makes it possible to take a stream up again with nothing lost and nothing twice. Knows no sockets and no clock.
 *
 * Positions are frames of the server's present stream, unless they say otherwise.
 */
export class Tape {
  readonly #options: TapeOptions;
  readonly #maxFrames: number;
  #items: Item[] = [];
  /** Where the first item lies, and where the last one ends. */
  #base = 0;
  #end = 0;
  /** The first item that the present connection, or the last one, has not been handed, and where it lies. */
  #cursor = 0;
  #handed = 0;
  #acknowledged = 0;
  /** All audio ever handed in, how much of it is acknowledged, and where in it the present stream begins. */
  #appended = 0;
  #acknowledgedInAll = 0;
  #originInAll = 0;

  constructor(options: TapeOptions) {
    this.#options = options;
    this.#maxFrames = this.toFrames(options.maxMs);
  }

  /** Audio that waits to be sent, in frames. */
  get unsentFrames(): number {
    return this.#end - this.#handed;
  }

  /** Audio that is not acknowledged, sent or not, in frames. */
  get unacknowledgedFrames(): number {
    return this.#end - this.#acknowledged;
  }

  /** How far everything is acknowledged. */
  get acknowledgedFrame(): number {
    return this.#acknowledged;
  }

  /** How far the present connection has been sent audio. */
  get handedFrame(): number {
    return this.#handed;
  }

  /** The same as `acknowledgedFrame`, in all audio that was ever handed in. */
  get acknowledgedInAll(): number {
    return this.#acknowledgedInAll;
  }

  /** Where the server's present stream begins, in all audio that was ever handed in; lost audio is before it. */
  get originInAll(): number {
    return this.#originInAll;
  }

  /** Milliseconds to the first frame that is not before them. */
  toFrames(ms: number): number {
    return Math.ceil((ms * this.#options.sampleRate) / 1000);
  }

  /** Frames to the nearest whole milliseconds. */
  toMs(frames: number): number {
    return Math.round((frames * 1000) / this.#options.sampleRate);
  }

  /**
   * Takes audio in, and lets go of what is too much.
   * @param pcm whole frames; belongs to the tape from now on.
   * @returns what has been let go that no connection was sent.
   */
  append(pcm: Uint8Array<ArrayBuffer>): readonly LostAudio[] {
    const { frameBytes, sampleRate } = this.#options;
    const step = Math.floor((MESSAGE_MS * sampleRate) / 1000) * frameBytes;
    for (let at = 0; at < pcm.length; at += step) this.#push(pcm.subarray(at, at + step));

    return this.#shed();
  }

  /** Takes a control in, behind the audio so far. Gaps in a row are one, and flushes in a row too. */
  add(control: Control): void {
    const last = this.#items.at(-1);
    const waiting = last?.sent === false ? last.control : null;
    if (control.type === 'flush' && waiting?.type === 'flush') return;
    if (control.type === 'gap') {
      // Time is counted from a stream's first audio on.
      if (this.#end === 0) return;
      if (waiting?.type === 'gap') this.#items.pop();
    }
    const merged =
      control.type === 'gap'
        ? gap(control.durationMs + (waiting?.type === 'gap' ? waiting.durationMs : 0))
        : control;
    this.#items.push(controlItem(merged, this.#appended));
  }

  /**
   * The next message for the present connection, which counts as sent from now on.
   * @param untilFrame no audio behind this.
   * @param markers how many markers may be sent.
   * @returns null when there is nothing to send now.
   */
  next(untilFrame: number, markers: number): Control | Uint8Array<ArrayBuffer> | null {
    const item = this.#items[this.#cursor];
    if (!item) return null;
    if (item.pcm && this.#handed + item.frames > untilFrame) return null;
    if (item.control?.type === 'marker' && markers <= 0) return null;
    this.#cursor++;
    this.#handed += item.frames;
    item.sent = true;

    return item.pcm ?? item.control;
  }

  /**
   * Everything before `ms` of the stream is final: most of it is let go.
   * @returns whether that was news.
   */
  acknowledge(ms: number): boolean {
    // A stream that ended before all had come again fills up what it misses with silence, and acknowledges that too.
    const frame = Math.min(this.toFrames(ms), this.#handed);
    if (frame <= this.#acknowledged) return false;
    this.#acknowledged = frame;
    this.#acknowledgedInAll = this.#inAll(frame);
    const keepFrom = frame - this.toFrames(KEPT_BEFORE_MS);
    while (this.#cursor > 0 && this.#base + this.#items[0]!.frames <= keepFrom) this.#shift();

    return true;
  }

  /**
   * The stream is taken up by a new connection: what follows `nextFrame` is the next to be sent, and of what lies right at
   * it only what has not been sent.
   * @returns audio before what is still there, which is lost; `ahead` when the server has gone on without this client:
   *   what was not sent is not in that stream any more, so that it takes a new one.
   */
  resume(nextFrame: number): LostAudio | 'ahead' | null {
    if (nextFrame > this.#handed) return 'ahead';
    if (nextFrame < this.#base) return this.#resumeBefore(nextFrame);
    let at = this.#base;
    let index = 0;
    while (at < nextFrame) {
      const { frames } = this.#items[index]!;
      if (at + frames > nextFrame)
        this.#items.splice(index, 1, ...splitItem(this.#items[index]!, nextFrame - at));
      at += this.#items[index++]!.frames;
    }
    while (isDealtWith(this.#items[index])) index++;
    this.#cursor = index;
    this.#handed = nextFrame;

    return null;
  }

  /**
   * A new stream takes the place of one that is no more: it begins with what is not acknowledged.
   * @returns audio that is neither acknowledged nor there any more.
   */
  restart(): LostAudio | null {
    const lostFrames = Math.max(0, this.#base - this.#acknowledged);
    let left = Math.max(0, this.#acknowledged - this.#base);
    while (left > 0 && this.#items[0]) {
      if (this.#items[0].frames > left) this.#items.splice(0, 1, ...splitItem(this.#items[0], left));
      left -= this.#items.shift()!.frames;
    }
    // What stands before the first audio says nothing to a stream that knows none.
    const firstAudio = this.#items.findIndex(({ pcm }) => pcm !== null);
    this.#items = this.#items.filter(
      ({ control }, i) =>
        (firstAudio >= 0 && i > firstAudio) || (control?.type !== 'gap' && control?.type !== 'flush'),
    );
    for (const item of this.#items) item.sent = false;
    this.#end = this.#items.reduce((sum, { frames }) => sum + frames, 0);
    this.#base = 0;
    this.#cursor = 0;
    this.#handed = 0;
    this.#acknowledged = 0;
    this.#originInAll = this.#items[0]?.atFrame ?? this.#appended;

    return lostFrames > 0 ? this.#lostBefore(lostFrames) : null;
  }

  /** Whether this marker is still to be handed to the present connection. */
  willSend(markerId: number): boolean {
    return this.#items.some(
      ({ control }, i) => i >= this.#cursor && control?.type === 'marker' && control.id === markerId,
    );
  }

  /** Lets go of everything; nothing follows. */
  clear(): void {
    this.#items = [];
  }

  #push(pcm: Uint8Array<ArrayBuffer>): void {
    const { frameBytes, sampleRate } = this.#options;
    const frames = pcm.length / frameBytes;
    const last = this.#items.at(-1);
    const fits = last?.pcm && !last.sent && last.frames + frames <= (MESSAGE_MS * sampleRate) / 1000;
    if (fits) {
      const joined = new Uint8Array(last.pcm!.length + pcm.length);
      joined.set(last.pcm!);
      joined.set(pcm, last.pcm!.length);
      this.#items[this.#items.length - 1] = { ...last, pcm: joined, frames: last.frames + frames };
    } else {
      this.#items.push({ pcm, control: null, frames, atFrame: this.#appended, sent: false });
    }
    this.#appended += frames;
    this.#end += frames;
  }

  /** Lets go of the oldest audio until the rest may be kept. */
  #shed(): readonly LostAudio[] {
    const lost: LostAudio[] = [];
    while (this.#end - Math.max(this.#base, this.#acknowledged) > this.#maxFrames) {
      const index = this.#items.findIndex(({ pcm }) => pcm !== null);
      if (index < this.#cursor) {
        // The server may have it: whether it is lost shows when the stream has to be taken up again.
        for (let i = 0; i <= index; i++) this.#shift();
      } else {
        const { atFrame, frames } = this.#items[index]!;
        this.#replaceByGap(index);
        lost.push({ fromFrame: atFrame, frames });
      }
    }

    return lost;
  }

  /** Nobody will get that audio; what follows was spoken so much later. */
  #replaceByGap(index: number): void {
    const { atFrame, frames } = this.#items[index]!;
    this.#end -= frames;
    this.#originInAll += frames;
    const before = this.#items[index - 1]?.control;
    const joins = before?.type === 'gap' && index > this.#cursor;
    const durationMs = (frames * 1000) / this.#options.sampleRate + (joins ? before.durationMs : 0);
    const from = joins ? index - 1 : index;
    // A stream that has had no audio yet counts its time from what comes first.
    const replacement = this.#base === 0 ? [] : [controlItem(gap(durationMs), atFrame)];
    this.#items.splice(from, index - from + 1, ...replacement);
  }

  /** The server goes on where this side has let go: from there on its frames are others. */
  #resumeBefore(nextFrame: number): LostAudio {
    const frames = this.#base - nextFrame;
    const lost = this.#lostBefore(frames);
    this.#items.unshift(controlItem(gap((frames * 1000) / this.#options.sampleRate), lost.fromFrame));
    this.#base = nextFrame;
    this.#end -= frames;
    this.#originInAll += frames;
    this.#acknowledged = Math.min(this.#acknowledged, nextFrame);
    this.#cursor = 0;
    this.#handed = nextFrame;

    return lost;
  }

  #lostBefore(frames: number): LostAudio {
    return { fromFrame: (this.#items[0]?.atFrame ?? this.#appended) - frames, frames };
  }

  #inAll(frame: number): number {
    let at = this.#base;
    for (const { frames, atFrame } of this.#items) {
      if (at + frames > frame) return atFrame + frame - at;
      at += frames;
    }

    return this.#appended;
  }

  /** Lets go of the first item, which has been handed over. */
  #shift(): void {
    this.#base += this.#items.shift()!.frames;
    this.#cursor--;
  }
}
