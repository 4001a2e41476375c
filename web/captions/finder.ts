import { computed, signal } from '@preact/signals';
import type { LiveConversation } from '../conversation/live-conversation.ts';
import type { ReadingPosition } from '../conversation/reading-position.ts';
import { patternFor, search } from '../conversation/search.ts';

/** Looks for words in a conversation, and goes from one place to the next. */
export class Finder {
  readonly query = signal('');
  readonly pattern = computed(() => patternFor(this.query.value));
  /** The caption one is at. */
  readonly current = signal<string | null>(null);
  readonly #live: LiveConversation;
  readonly #position: ReadingPosition;
  readonly hits = computed(() => {
    this.#live.version.value;

    return search(this.#live.conversation.captions, this.pattern.value);
  });
  /** Of the hit one is at, from 1; 0 before the first. */
  readonly ordinal = computed(
    () => this.hits.value.findIndex(({ captionId }) => captionId === this.current.value) + 1,
  );

  constructor(live: LiveConversation, position: ReadingPosition) {
    this.#live = live;
    this.#position = position;
  }

  /** @param steps 1 for what was said later, -1 for earlier. From nowhere, it begins with what was said last. */
  go(steps: 1 | -1): void {
    const hits = this.hits.value;
    if (hits.length === 0) return;
    const ordinal = this.ordinal.value;
    const next = ordinal === 0 ? hits.length - 1 : (ordinal - 1 + steps + hits.length) % hits.length;
    const hit = hits[next]!;
    const { captions, finals } = this.#live.conversation;
    this.current.value = hit.captionId;
    this.#position.goTo(captions, hit.index, finals);
  }

  clear(): void {
    this.query.value = '';
    this.current.value = null;
  }
}
