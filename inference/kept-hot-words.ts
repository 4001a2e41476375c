import type { HotWord, HotWords } from './recognizer.ts';

interface Kept<Ready> {
  readonly ready: Ready;
  readonly words: number;
}

/**
 * Lists of hot words as a model wants them: those used last are kept, as many as have so many words together. A server may
 * have a list for each of its streams, whose segments take turns in a thread; one is as costly to make as it has words.
 */
export class KeptHotWords<Ready> {
  readonly #make: (words: readonly HotWord[]) => Ready;
  readonly #mostWords: number;
  /** By the lists' keys, the one used last at the end. */
  readonly #kept = new Map<string, Kept<Ready>>();
  #words = 0;

  /** @param mostWords of all that are kept; the one used last is kept however long it is. */
  constructor(mostWords: number, make: (words: readonly HotWord[]) => Ready) {
    this.#mostWords = mostWords;
    this.#make = make;
  }

  /** What is made of a list; its words are looked at only where it is made. */
  of(hotWords: HotWords): Ready {
    const { key } = hotWords;
    const kept = this.#kept.get(key) ?? this.#made(hotWords);
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const [oldest, { words }] of this.#kept) {
      if (this.#words <= this.#mostWords || oldest === key) break;
      this.#kept.delete(oldest);
      this.#words -= words;
    }

    return kept.ready;
  }

  #made({ words }: HotWords): Kept<Ready> {
    const made = { ready: this.#make(words), words: words.length };
    this.#words += words.length;

    return made;
  }
}
