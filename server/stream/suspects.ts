/** Failures after which a segment is given up, the last of them by itself. */
const GUILTY_AFTER = 2;

/**
 * Segments that were in a batch that failed, and how often: such a one is decoded by itself, so that a segment that
 * kills its thread is told from those that were with it. At most as many as segments are under way, and forgotten with
 * their streams.
 */
export class Suspects {
  /** Failures, by stream and segment. */
  readonly #failures = new Map<string, Map<string, number>>();

  get size(): number {
    let segments = 0;
    for (const { size } of this.#failures.values()) segments += size;

    return segments;
  }

  has(flow: string, key: string): boolean {
    return this.#failures.get(flow)?.has(key) ?? false;
  }

  /** Whether it has failed so often that it is not to be decoded again. */
  isGuilty(flow: string, key: string): boolean {
    return (this.#failures.get(flow)?.get(key) ?? 0) >= GUILTY_AFTER;
  }

  /**
   * Takes note that a segment was in a batch that failed.
   * @param alone whether it was the only one: else it can have been another's fault, however often.
   */
  accuse(flow: string, key: string, alone: boolean): void {
    const segments = this.#failures.get(flow) ?? new Map<string, number>();
    const before = segments.get(key) ?? 0;
    this.#failures.set(flow, segments.set(key, alone ? before + 1 : Math.max(1, before)));
  }

  /** A segment has been decoded. */
  clear(flow: string, key: string): void {
    const segments = this.#failures.get(flow);
    if (segments?.delete(key) && segments.size === 0) this.#failures.delete(flow);
  }

  /** Forgets a stream. */
  forget(flow: string): void {
    this.#failures.delete(flow);
  }
}
