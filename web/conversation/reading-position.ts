import { signal } from '@preact/signals';
import type { Caption } from './conversation.ts';
import { around, earlier, followingRange, later, type VisibleRange } from './visible-range.ts';

/** Where in a conversation somebody reads: along with it, or further back while it goes on. */
export class ReadingPosition {
  readonly isFollowing = signal(true);
  /** Grows when other captions are to be in the document. */
  readonly version = signal(0);
  /** The finals there were when somebody stopped following. */
  readonly finalsWhenPaused = signal(0);
  /** A caption to bring into sight, once it is in the document. */
  target: string | null = null;
  // By its id: captions may come in before it.
  #first: string | null = null;
  #length = 0;

  /** Which captions are to be in the document. */
  range(captions: readonly Caption[]): VisibleRange {
    if (this.isFollowing.value) return this.#keep(captions, followingRange(captions.length));
    const from = Math.max(
      0,
      captions.findIndex(({ captionId }) => captionId === this.#first),
    );

    return { from, to: Math.min(captions.length, from + this.#length) };
  }

  /** Stays where one is. @param finals that there are now. */
  pause(finals: number): void {
    if (!this.isFollowing.value) return;
    this.finalsWhenPaused.value = finals;
    this.isFollowing.value = false;
  }

  /** Goes to the newest, and along with it. */
  follow(): void {
    this.isFollowing.value = true;
    this.version.value++;
  }

  /** Brings a caption into sight. @param finals that there are now. */
  goTo(captions: readonly Caption[], index: number, finals: number): void {
    const caption = captions[index];
    if (!caption) return;
    this.pause(finals);
    const range = this.range(captions);
    if (index < range.from || index >= range.to) this.#keep(captions, around(index, captions.length));
    this.target = caption.captionId;
    this.version.value++;
  }

  /** @returns whether there is more. */
  showEarlier(captions: readonly Caption[]): boolean {
    const range = this.range(captions);
    if (this.isFollowing.value || range.from === 0) return false;
    this.#keep(captions, earlier(range));
    this.version.value++;

    return true;
  }

  /** @returns whether there is more. */
  showLater(captions: readonly Caption[]): boolean {
    const range = this.range(captions);
    if (this.isFollowing.value || range.to === captions.length) return false;
    this.#keep(captions, later(range, captions.length));
    this.version.value++;

    return true;
  }

  #keep(captions: readonly Caption[], range: VisibleRange): VisibleRange {
    this.#first = captions[range.from]?.captionId ?? null;
    this.#length = range.to - range.from;

    return range;
  }
}
