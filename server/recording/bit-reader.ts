/** There are fewer bits than were asked for. */
export class OutOfBitsError extends Error {
  override readonly name = 'OutOfBitsError';
}

/** Always the same, because it is no fault where more of a file is still to come. */
const OUT_OF_BITS = new OutOfBitsError('There are no more bits.');

/** Reads bytes bit by bit, the highest of each byte first. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  /** @param bytes at most 256 MiB; not to be changed meanwhile. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = bytes.length * 8;
  }

  /** Bytes read, the last of them perhaps in part. */
  get byteLength(): number {
    return (this.#at + 7) >> 3;
  }

  /** An unsigned number of 0 to 32 bits. @throws {OutOfBitsError} */
  bits(count: number): number {
    if (count === 0) return 0;
    const value = this.#peek() >>> (32 - count);
    this.#skip(count);

    return value;
  }

  /** A number of 0 to 53 bits in two's complement. @throws {OutOfBitsError} */
  signed(count: number): number {
    if (count === 0) return 0;
    if (count > 32) return this.signed(count - 32) * 2 ** 32 + this.bits(32);
    const value = this.#peek() >> (32 - count);
    this.#skip(count);

    return value;
  }

  /** Zeros before the next one, which is read too. @throws {OutOfBitsError} */
  unary(): number {
    let zeros = 0;
    for (;;) {
      const here = Math.clz32(this.#peek());
      if (here < 32) {
        this.#skip(here + 1);

        return zeros + here;
      }
      this.#skip(32);
      zeros += 32;
    }
  }

  /** Goes on to the next whole byte. */
  align(): void {
    this.#at = (this.#at + 7) & ~7;
  }

  /** The next 32 bits, with zeros behind the end. */
  #peek(): number {
    const bytes = this.#bytes;
    const at = this.#at >> 3;
    const shift = this.#at & 7;
    const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;

    return shift === 0 ? word : (word << shift) | (bytes[at + 4]! >> (8 - shift));
  }

  #skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#end) throw OUT_OF_BITS;
  }
}
