type Listener<Payload> = (payload: Payload) => void;

/** Tells listeners what happens, in the order it does. `Events` maps names to payloads. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Calls `listener` at every such event. @returns what ends that. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // Wrapped, so that one listener may be there twice.
    const entry: Listener<Events[Name]> = (payload) => listener(payload);
    listeners.add(entry);

    return () => listeners.delete(entry);
  }

  /** Never throws: what a listener throws is reported as any uncaught error, and stops nothing here. */
  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as Listener<Events[Name]>)(payload);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
