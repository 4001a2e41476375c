import { Tensor } from 'onnxruntime-node';
import type { Device } from '../device.ts';
import { SAMPLE_RATE } from '../recognizer.ts';
import { Session } from '../session.ts';
import { type Vad, type VadAnswer, type VadRequest, type VadState, WINDOW_SAMPLES } from '../vad.ts';
import { CONTEXT_SAMPLES, HIDDEN_SIZE, initialVadState, RECURRENT_SIZE } from './state.ts';

/** Measured: the cost per row stops falling here. */
const MAX_ROWS = 64;

/**
 * Silero VAD v5 and v6 (github.com/snakers4/silero-vad) on onnxruntime: `input [batch, 64 + 512]`, `state
 * [2, batch, 128]`, `sr` → `output [batch, 1]`, `stateN [2, batch, 128]`. One pass serves one window of every
 * stream that has one.
 */
export class Silero implements Vad {
  readonly #session: Session;
  #closed = false;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** @throws when the file is missing or is no such graph. */
  static async load(file: string, device: Device): Promise<Silero> {
    return new Silero(await Session.load(file, device));
  }

  initialState(): VadState {
    return initialVadState();
  }

  async detect(requests: readonly VadRequest[]): Promise<readonly VadAnswer[]> {
    if (this.#closed) throw new Error('The voice activity detector has been closed.');
    const rows = requests.map((request) => new Row(request));
    for (let window = 0; ; window++) {
      const live = rows.filter((row) => row.windowCount > window);
      if (live.length === 0) break;
      for (let first = 0; first < live.length; first += MAX_ROWS) {
        await this.#step(live.slice(first, first + MAX_ROWS), window);
      }
    }

    return rows;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#session.release();
  }

  async #step(rows: readonly Row[], window: number): Promise<void> {
    const inputSize = CONTEXT_SAMPLES + WINDOW_SAMPLES;
    const input = new Float32Array(rows.length * inputSize);
    const state = new Float32Array(2 * rows.length * HIDDEN_SIZE);
    for (const [i, row] of rows.entries()) {
      row.fillInput(input.subarray(i * inputSize, (i + 1) * inputSize), window);
      for (const part of [0, 1]) {
        const recurrent = row.state.subarray(part * HIDDEN_SIZE, (part + 1) * HIDDEN_SIZE);
        state.set(recurrent, (part * rows.length + i) * HIDDEN_SIZE);
      }
    }
    const { output, stateN } = await this.#session.run({
      input: new Tensor('float32', input, [rows.length, inputSize]),
      state: new Tensor('float32', state, [2, rows.length, HIDDEN_SIZE]),
      sr: SAMPLE_RATE_TENSOR,
    });
    const probabilities = output!.data as Float32Array;
    const nextState = stateN!.data as Float32Array;
    for (const [i, row] of rows.entries()) {
      row.probabilities[window] = probabilities[i]!;
      for (const part of [0, 1]) {
        const from = (part * rows.length + i) * HIDDEN_SIZE;
        row.state.set(nextState.subarray(from, from + HIDDEN_SIZE), part * HIDDEN_SIZE);
      }
    }
  }
}

const SAMPLE_RATE_TENSOR = new Tensor('int64', BigInt64Array.of(BigInt(SAMPLE_RATE)), []);

/** One stream within a call: its windows, and the state carried from one to the next. */
class Row implements VadAnswer {
  readonly windowCount: number;
  readonly probabilities: Float32Array;
  readonly state: VadState;
  readonly #windows: Float32Array;

  constructor({ windows, state }: VadRequest) {
    this.windowCount = Math.floor(windows.length / WINDOW_SAMPLES);
    this.probabilities = new Float32Array(this.windowCount);
    this.state = state;
    this.#windows = windows;
  }

  /** Writes context and window into `input [576]`, and keeps the window's end as the next context. */
  fillInput(input: Float32Array, window: number): void {
    const context = this.state.subarray(RECURRENT_SIZE);
    const end = (window + 1) * WINDOW_SAMPLES;
    input.set(context);
    input.set(this.#windows.subarray(end - WINDOW_SAMPLES, end), CONTEXT_SAMPLES);
    context.set(this.#windows.subarray(end - CONTEXT_SAMPLES, end));
  }
}
