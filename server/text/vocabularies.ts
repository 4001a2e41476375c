import type { HotWord } from '../../inference/recognizer.ts';
import type { Clock } from '../clock.ts';
import { StreamError } from '../errors.ts';

/** What a meeting's speakers are likely to say, and what nobody is to read. A new object whenever it changes. */
export interface Vocabulary {
  readonly hotWords: readonly HotWord[];
  readonly mask: readonly string[];
}

/** A stream's hold on its meeting's vocabulary. */
export interface VocabularyUse {
  /** As it is now. */
  readonly current: Vocabulary;
  /** Idempotent. */
  end(): void;
}

interface Entry {
  readonly vocabulary: Vocabulary;
  readonly bytes: number;
}

/** A meeting without a vocabulary. */
export const NO_WORDS: Vocabulary = { hotWords: [], mask: [] };

/** One for whichever meeting, which stays as it is. */
export function unchanging(vocabulary: Vocabulary): Pick<Vocabularies, 'use'> {
  return { use: () => ({ current: vocabulary, end: () => {} }) };
}

/** Bounds of what is kept for all meetings together. */
const MAX_MEETINGS = 1000;
const MAX_BYTES = 16_777_216;
/** Time from its last use, or from when it was given if there was none, until a vocabulary is forgotten. */
export const KEPT_UNUSED_MS = 86_400_000;

/**
 * The vocabularies of meetings, in memory. One that no stream has used for a day is forgotten. What streams use they see
 * change as it is replaced.
 */
export class Vocabularies {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  /** Streams in each meeting, whether it has a vocabulary or not: one may be given later. */
  readonly #users = new Map<string, number>();
  /** By meeting: what keeps one from being forgotten. */
  readonly #expiries = new Map<string, () => void>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of a meeting; empty where none was given. */
  get(meeting: string): Vocabulary {
    return this.#entries.get(meeting)?.vocabulary ?? NO_WORDS;
  }

  /**
   * Takes the place of the one before.
   * @param bytes what it is counted for.
   * @throws {StreamError} `too-many-vocabularies`; the one before stays then.
   */
  set(meeting: string, vocabulary: Vocabulary, bytes: number): void {
    const before = this.#entries.get(meeting);
    const total = this.#bytes - (before?.bytes ?? 0) + bytes;
    if (total > MAX_BYTES || (!before && this.#entries.size >= MAX_MEETINGS))
      throw new StreamError('too-many-vocabularies');
    this.#entries.set(meeting, { vocabulary, bytes });
    this.#bytes = total;
    this.#watch(meeting);
  }

  /** Idempotent. */
  delete(meeting: string): void {
    this.#cancelExpiry(meeting);
    this.#bytes -= this.#entries.get(meeting)?.bytes ?? 0;
    this.#entries.delete(meeting);
  }

  /** For a stream, from its beginning to its end. */
  use(meeting: string): VocabularyUse {
    this.#users.set(meeting, (this.#users.get(meeting) ?? 0) + 1);
    this.#cancelExpiry(meeting);
    const vocabularies = this;
    let isUsed = true;

    return {
      get current() {
        return vocabularies.get(meeting);
      },
      end: () => {
        if (isUsed) this.#left(meeting);
        isUsed = false;
      },
    };
  }

  #left(meeting: string): void {
    const users = this.#users.get(meeting)! - 1;
    if (users > 0) this.#users.set(meeting, users);
    else this.#users.delete(meeting);
    this.#watch(meeting);
  }

  /** Forgets it after a while, unless somebody uses it. */
  #watch(meeting: string): void {
    this.#cancelExpiry(meeting);
    if (this.#users.has(meeting) || !this.#entries.has(meeting)) return;
    this.#expiries.set(
      meeting,
      this.#clock.after(KEPT_UNUSED_MS, () => this.delete(meeting)),
    );
  }

  #cancelExpiry(meeting: string): void {
    this.#expiries.get(meeting)?.();
    this.#expiries.delete(meeting);
  }
}
