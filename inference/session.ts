import { InferenceSession } from 'onnxruntime-node';
import type { Device } from './device.ts';
import { guarded } from './native-guard.ts';
import { sessionOptions } from './session-options.ts';

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
