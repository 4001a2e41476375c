import { STATE_SIZE } from '../silero/state.ts';
import { type VadAnswer, type VadRequest, WINDOW_SAMPLES } from '../vad.ts';

/** A batch on its way to the thread: where it lies, and how many windows each request has. */
export interface VadTask {
  readonly memory: SharedArrayBuffer;
  readonly windowCounts: readonly number[];
}

/** Floats a request of so many windows takes: windows, state in, state out, probabilities. */
function floatsFor(windows: number): number {
  return windows * WINDOW_SAMPLES + 2 * STATE_SIZE + windows;
}

/** One request's part of the shared memory. */
interface Part {
  readonly windows: Float32Array;
  readonly state: Float32Array;
  readonly nextState: Float32Array;
  readonly probabilities: Float32Array;
}

function* partsOf({ memory, windowCounts }: VadTask): Generator<Part> {
  let offset = 0;
  const take = (floats: number) => {
    const part = new Float32Array(memory, offset * Float32Array.BYTES_PER_ELEMENT, floats);
    offset += floats;

    return part;
  };
  for (const windows of windowCounts) {
    yield {
      windows: take(windows * WINDOW_SAMPLES),
      state: take(STATE_SIZE),
      nextState: take(STATE_SIZE),
      probabilities: take(windows),
    };
  }
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
    const floats = windowCounts.reduce((sum, windows) => sum + floatsFor(windows), 0);
    const task = { memory: this.#lend(floats * Float32Array.BYTES_PER_ELEMENT), windowCounts };
    let i = 0;
    for (const part of partsOf(task)) {
      const { windows, state } = requests[i++]!;
      part.windows.set(windows.subarray(0, part.windows.length));
      part.state.set(state);
    }

    return task;
  }

  /** Copies the answers out; the requests' states become the next ones. */
  unpack(task: VadTask, requests: readonly VadRequest[]): VadAnswer[] {
    const answers: VadAnswer[] = [];
    for (const { nextState, probabilities } of partsOf(task)) {
      const { state } = requests[answers.length]!;
      state.set(nextState);
      answers.push({ probabilities: new Float32Array(probabilities), state });
    }

    return answers;
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
export function readRequests(task: VadTask): VadRequest[] {
  return Array.from(partsOf(task), ({ windows, state, nextState }) => {
    nextState.set(state);

    return { windows, state: nextState };
  });
}

/** The thread's: writes the answers where the other side reads them. */
export function writeAnswers(task: VadTask, answers: readonly VadAnswer[]): void {
  let i = 0;
  for (const part of partsOf(task)) {
    const { probabilities, state } = answers[i++]!;
    part.probabilities.set(probabilities);
    if (state.buffer !== part.nextState.buffer) part.nextState.set(state);
  }
}
