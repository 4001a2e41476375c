/** Memory kept at most: as many rings as some twenty talking streams need. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Rings that streams have outgrown or shrunk out of, for the next stream that needs one of that length. Whoever talks fills a
 * ring and empties it with every caption: fresh memory each time had the whole heap searched several times a second.
 */
export class SpareRings {
  readonly #byLength = new Map<number, Float32Array[]>();
  #bytes = 0;

  /** Memory kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A ring of so many samples, which is the caller's. What is in it is left over. */
  take(samples: number): Float32Array {
    const ring = this.#byLength.get(samples)?.pop();
    if (!ring) return new Float32Array(samples);
    this.#bytes -= ring.byteLength;

    return ring;
  }

  /** Takes a ring that nobody uses any more. */
  giveBack(ring: Float32Array): void {
    if (this.#bytes + ring.byteLength > MAX_BYTES) return;
    const rings = this.#byLength.get(ring.length);
    if (rings) rings.push(ring);
    else this.#byLength.set(ring.length, [ring]);
    this.#bytes += ring.byteLength;
  }
}
