/** Share of what the server holds for a stream that is used: what it counts and what it holds differ by some windows. */
const WINDOW_SHARE = 0.8;
const LEAST_WINDOW_SHARE = 0.1;
/** Once the server finds it too fast: audio is sent at so many times the speed of speech, then at half of that, … */
const FIRST_SPEED = 8;
/** … and not more slowly than this, which a microphone needs. */
const LEAST_SPEED = 1.1;
/** May come at once all the same. */
const BURST_MS = 1000;

/** How far ahead of what is acknowledged audio may be sent, and how fast. Knows no clock. */
export class FlowControl {
  #share = WINDOW_SHARE;
  #speed = Number.POSITIVE_INFINITY;
  #maxBufferedMs = 0;
  #beganAtMs = 0;
  #beganAtPositionMs = 0;

  /** A connection lets audio in. @param positionMs from where in the stream. */
  begin(maxBufferedMs: number, positionMs: number, nowMs: number): void {
    this.#maxBufferedMs = maxBufferedMs;
    this.#beganAtPositionMs = positionMs;
    this.#beganAtMs = nowMs;
  }

  /** Learns from what a connection was ended for. */
  ended(code: string): void {
    if (code === 'audio-overrun') this.#share = Math.max(LEAST_WINDOW_SHARE, this.#share / 2);
    if (code === 'audio-too-fast')
      this.#speed = Math.max(LEAST_SPEED, Math.min(FIRST_SPEED, this.#speed / 2));
  }

  /** Position in the stream's audio that may be sent up to. */
  windowMs(acknowledgedMs: number): number {
    return acknowledgedMs + this.#share * this.#maxBufferedMs;
  }

  /** The same by the speed that is allowed. */
  paceMs(nowMs: number): number {
    if (this.#speed === Number.POSITIVE_INFINITY) return this.#speed;

    return this.#beganAtPositionMs + BURST_MS + (nowMs - this.#beganAtMs) * this.#speed;
  }
}
