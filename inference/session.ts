import { InferenceSession } from 'onnxruntime-node';
import type { Device } from './device.ts';
import { sessionOptions } from './session-options.ts';

/** Told when the runtime is about to be called, and when it has come back; of calls at the same time, once. */
export interface RunGuard {
  enter(): void;
  leave(): void;
}

let guard: RunGuard | null = null;
/** Calls of the runtime that have not come back. */
let calls = 0;

/** Has every run, and the loading, of every session in this thread told to `newGuard`. */
export function guardRuns(newGuard: RunGuard): void {
  guard = newGuard;
}

async function guarded<T>(call: () => Promise<T>): Promise<T> {
  if (calls++ === 0) guard?.enter();
  try {
    return await call();
  } finally {
    if (--calls === 0) guard?.leave();
  }
}

/** A graph, loaded into onnxruntime. */
export class Session {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /** @throws when the file is missing, is no such graph, or the device cannot be had. */
  static async load(file: string, device: Device): Promise<Session> {
    return new Session(await guarded(() => InferenceSession.create(file, sessionOptions(device))));
  }

  /**
   * Runs the graph; blocks the thread meanwhile.
   * @param fetches names of the outputs that are wanted, or tensors they are written into; all of them by default.
   */
  async run(
    feeds: InferenceSession.FeedsType,
    fetches?: InferenceSession.FetchesType,
  ): Promise<InferenceSession.ReturnType> {
    return guarded(() => (fetches ? this.#session.run(feeds, fetches) : this.#session.run(feeds)));
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}
