import type { VadState } from '../vad.ts';

/** Samples of the window before that the model sees again. */
export const CONTEXT_SAMPLES = 64;
/** Values in each of the recurrent state's two parts. */
export const HIDDEN_SIZE = 128;
/** Values of the recurrent state, with which a stream's state begins. */
export const RECURRENT_SIZE = 2 * HIDDEN_SIZE;
/** Values of a stream's whole state: the recurrent one, and the last samples heard. */
export const STATE_SIZE = RECURRENT_SIZE + CONTEXT_SAMPLES;

/** The state of a stream that has heard nothing, without a model at hand. The caller owns it. */
export function initialVadState(): VadState {
  return new Float32Array(STATE_SIZE);
}
