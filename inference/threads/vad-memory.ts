import { STATE_SIZE } from '../silero/state.ts';
import { type VadAnswer, type VadRequest, WINDOW_SAMPLES } from '../vad.ts';

/** A batch on its way to the thread: where it lies, and how many windows each request has. */
export interface VadTask {
  readonly memory: SharedArrayBuffer;
  readonly windowCounts: readonly number[];
}

/** Where the parts of a batch begin, in floats: windows of all requests, states in, states out, probabilities. */
interface Layout {
  readonly states: number;
  readonly nextStates: number;
  readonly probabilities: number;
  readonly end: number;
}

function layoutOf(windowCounts: readonly number[]): Layout {
  const windows = windowCounts.reduce((sum, count) => sum + count, 0);
  const states = windows * WINDOW_SAMPLES;
  const nextStates = states + windowCounts.length * STATE_SIZE;
  const probabilities = nextStates + windowCounts.length * STATE_SIZE;

  return { states, nextStates, probabilities, end: probabilities + windows };
}

/**
 * Carries batches of windows to a thread and answers back in shared memory, which is lent again: hundreds of small
 * arrays a second, each copied twice by the message that brings it, cost the socket thread more than all the rest of its
 * work. What went in is left as it was, so that a thread that dies can be replaced by one that reads it again.
 */
export class VadMemory {
  #idle: SharedArrayBuffer | null = null;

  /** Copies a batch into memory that is the caller's until `takeBack`. */
  pack(requests: readonly VadRequest[]): VadTask {
    const windowCounts = requests.map(({ windows }) => Math.floor(windows.length / WINDOW_SAMPLES));
    const { states, end } = layoutOf(windowCounts);
    const memory = this.#lend(end * Float32Array.BYTES_PER_ELEMENT);
    const floats = new Float32Array(memory);
    let windowsAt = 0;
    for (let i = 0; i < requests.length; i++) {
      const { windows, state } = requests[i]!;
      floats.set(windows, windowsAt);
      floats.set(state, states + i * STATE_SIZE);
      windowsAt += windowCounts[i]! * WINDOW_SAMPLES;
    }

    return { memory, windowCounts };
  }

  /** Copies the answers out; the requests' states become the next ones. */
  unpack({ memory, windowCounts }: VadTask, requests: readonly VadRequest[]): VadAnswer[] {
    const { nextStates, probabilities } = layoutOf(windowCounts);
    const floats = new Float32Array(memory);
    let at = probabilities;

    return requests.map(({ state }, i) => {
      // By hand: a view for each would be garbage thousands of times a second.
      for (let j = 0, from = nextStates + i * STATE_SIZE; j < STATE_SIZE; j++) state[j] = floats[from + j]!;
      const heard = new Float32Array(windowCounts[i]!);
      for (let j = 0; j < heard.length; j++) heard[j] = floats[at++]!;

      return { probabilities: heard, state };
    });
  }

  /** Takes memory back that no thread uses any more. */
  takeBack({ memory }: VadTask): void {
    if (memory.byteLength >= (this.#idle?.byteLength ?? 0)) this.#idle = memory;
  }

  #lend(bytes: number): SharedArrayBuffer {
    const idle = this.#idle;
    this.#idle = null;

    return idle && idle.byteLength >= bytes ? idle : new SharedArrayBuffer(roundUp(bytes));
  }
}

/** To the next power of two, from 64 KiB up. */
function roundUp(bytes: number): number {
  return 2 ** Math.max(16, Math.ceil(Math.log2(bytes)));
}

/** The thread's: the requests of a task. Their states are the task's next states, and may be written. */
export function readRequests({ memory, windowCounts }: VadTask): VadRequest[] {
  const floats = new Float32Array(memory);
  const { states, nextStates, probabilities } = layoutOf(windowCounts);
  floats.copyWithin(nextStates, states, nextStates);
  const nextState = floats.subarray(nextStates, probabilities);
  let windowsAt = 0;

  return windowCounts.map((count, i) => {
    const from = windowsAt;
    windowsAt += count * WINDOW_SAMPLES;
    const state = nextState.subarray(i * STATE_SIZE, (i + 1) * STATE_SIZE);

    return { windows: floats.subarray(from, windowsAt), state };
  });
}

/** The thread's: writes the answers where the other side reads them. */
export function writeAnswers({ memory, windowCounts }: VadTask, answers: readonly VadAnswer[]): void {
  const floats = new Float32Array(memory);
  const { nextStates, probabilities } = layoutOf(windowCounts);
  let at = probabilities;
  for (const [i, answer] of answers.entries()) {
    floats.set(answer.probabilities, at);
    at += windowCounts[i]!;
    if (answer.state.buffer !== memory) floats.set(answer.state, nextStates + i * STATE_SIZE);
  }
}
