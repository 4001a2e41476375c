import type { ServerMessage } from '../../client-sdk/protocol.ts';

interface Held {
  readonly encoded: Uint8Array;
  readonly isPartial: boolean;
}

/** Of these only the newest says anything. */
const STATES: ReadonlySet<ServerMessage['type']> = new Set(['ack', 'service', 'waiting']);

/**
 * Messages that a client is not ready to read, in order, without those that a later one has made pointless:
 * a partial takes the place of the held one of its caption; the end of a caption removes its partial; the newest `ack`,
 * `service` and `waiting` go to the end, because an ack promises that the finals it covers came before it.
 * Everything else stays until it is taken.
 */
export class Outbox {
  readonly #onPartialDropped: () => void;
  /** By what a later message replaces, or a number of its own; a Map keeps the place of a key whose value changes. */
  readonly #held = new Map<string | number, Held>();
  #bytes = 0;
  #nextKey = 0;

  /** @param onPartialDropped called for each partial that will never be taken, but for those of `clear`. */
  constructor(onPartialDropped: () => void) {
    this.#onPartialDropped = onPartialDropped;
  }

  /** Of all messages held, as encoded. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Messages held. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * Holds a message. Where there is no room, partials are dropped, oldest first, the message itself among them.
   * @param encoded kept until taken, not copied; may be shared.
   * @param roomBytes what all messages held may come to.
   * @returns false when they come to more without any partial: the message is held all the same.
   */
  hold(message: ServerMessage, encoded: Uint8Array, roomBytes: number): boolean {
    const isPartial = message.type === 'partial';
    if (message.type === 'final' || message.type === 'error') this.#dropPartial(message.captionId);
    if (STATES.has(message.type)) this.#remove(message.type);
    const key = isPartial ? partialKey(message.captionId) : this.#keyOf(message.type);
    if (isPartial && this.#held.has(key)) {
      this.#bytes -= this.#held.get(key)!.encoded.length;
      this.#onPartialDropped();
    }
    this.#held.set(key, { encoded, isPartial });
    this.#bytes += encoded.length;
    this.#makeRoom(roomBytes);

    return this.#bytes <= roomBytes;
  }

  /** Takes messages from the front until they come to a number of bytes or more; at least one, if any is held. */
  take(bytes: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    let takenBytes = 0;
    for (const [key, { encoded }] of this.#held) {
      this.#remove(key);
      taken.push(encoded);
      takenBytes += encoded.length;
      if (takenBytes >= bytes) break;
    }

    return taken;
  }

  /** Forgets everything. */
  clear(): void {
    this.#held.clear();
    this.#bytes = 0;
  }

  #keyOf(type: ServerMessage['type']): string | number {
    return STATES.has(type) ? type : this.#nextKey++;
  }

  #makeRoom(roomBytes: number): void {
    if (this.#bytes <= roomBytes) return;
    for (const [key, { isPartial }] of this.#held) {
      if (!isPartial) continue;
      this.#remove(key);
      this.#onPartialDropped();
      if (this.#bytes <= roomBytes) return;
    }
  }

  #dropPartial(captionId: string | undefined): void {
    if (captionId !== undefined && this.#remove(partialKey(captionId))) this.#onPartialDropped();
  }

  /** @returns whether there was one. */
  #remove(key: string | number): boolean {
    this.#bytes -= this.#held.get(key)?.encoded.length ?? 0;

    return this.#held.delete(key);
  }
}

/** No state has a colon in its name, so that keys of captions and of states are never the same. */
function partialKey(captionId: string): string {
  return `partial:${captionId}`;
}
