/** Captions remembered: many more than are told again, or shown at a time. */
const MAX_REMEMBERED = 20_000;

/** Which captions are final, so that each is told once. */
export class FinalCaptions {
  /** The oldest first. */
  readonly #ids = new Set<string>();

  has(captionId: string): boolean {
    return this.#ids.has(captionId);
  }

  /** @returns whether it is new. */
  add(captionId: string): boolean {
    if (this.#ids.has(captionId)) return false;
    this.#ids.add(captionId);
    if (this.#ids.size > MAX_REMEMBERED) this.#ids.delete(this.#ids.values().next().value!);

    return true;
  }
}
