/** Samples in one window: 32 ms at 16 kHz, what Silero was trained on. */
export const WINDOW_SAMPLES = 512;

/**
 * One stream's memory between windows: Silero's recurrent state `[2, 128]` followed by the last 64 samples heard.
 * Opaque to callers, who hand it in and get the next one back.
 */
export type VadState = Float32Array;

/** Some consecutive windows of one stream. */
export interface VadRequest {
  /** `[windows * 512]` samples at 16 kHz in [-1, 1]. Ownership moves to the callee. */
  readonly windows: Float32Array;
  /** Ownership moves to the callee. */
  readonly state: VadState;
}

/** What was heard in one request's windows. The caller owns both buffers. */
export interface VadAnswer {
  /** Speech probability of each window, in [0, 1]. */
  readonly probabilities: Float32Array;
  /** The state to pass with the stream's next windows. */
  readonly state: VadState;
}

/** Voice activity detection over many streams at once. Stateless: the memory travels with the request. */
export interface Vad {
  /** The state of a stream that has heard nothing. */
  initialState(): VadState;
  /**
   * `answers[i]` belongs to `requests[i]`. Streams are independent: an answer does not depend on what else is in
   * the call, but for rounding.
   * @throws {Error} when the whole call failed; the states handed in are lost with it.
   */
  detect(requests: readonly VadRequest[]): Promise<readonly VadAnswer[]>;
  /** Idempotent; detect() rejects afterwards. */
  close(): Promise<void>;
}
