import { type Vad, type VadAnswer, type VadRequest, type VadState, WINDOW_SAMPLES } from '../vad.ts';

/** Test double: a window is speech when its mean level is above -40 dBFS. Keeps the port's contract. */
export class LevelVad implements Vad {
  #closed = false;

  initialState(): VadState {
    return new Float32Array(1);
  }

  async detect(requests: readonly VadRequest[]): Promise<readonly VadAnswer[]> {
    if (this.#closed) throw new Error('The voice activity detector has been closed.');

    return requests.map(({ windows, state }) => {
      const probabilities = new Float32Array(Math.floor(windows.length / WINDOW_SAMPLES));
      for (let i = 0; i < probabilities.length; i++) {
        const window = windows.subarray(i * WINDOW_SAMPLES, (i + 1) * WINDOW_SAMPLES);
        probabilities[i] = window.reduce((sum, x) => sum + x * x, 0) / WINDOW_SAMPLES > 1e-4 ? 0.98 : 0.02;
      }

      return { probabilities, state };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}
