import type { RoundtableError } from '../errors.ts';
import { Emitter } from './emitter.ts';
import { Inbox } from './inbox.ts';

/** Tells listeners and iterations the same, in the same order. `Item` is what iterations yield. */
export class Announcer<Events, Item> {
  readonly #emitter = new Emitter<Events>();
  readonly #inboxes = new Set<Inbox<Item>>();
  #ended = false;

  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  /** @param item what iterations get of it; null for nothing. */
  tell<Name extends keyof Events>(name: Name, payload: Events[Name], item: Item | null): void {
    if (item !== null) for (const inbox of this.#inboxes) inbox.push(item);
    this.#emitter.emit(name, payload);
  }

  /** Ends iterations, those to come as well. @param error what they throw. */
  end(error: RoundtableError | null): void {
    this.#ended = true;
    for (const inbox of this.#inboxes) inbox.end(error);
    this.#inboxes.clear();
  }

  iterate(): AsyncIterator<Item> {
    const inbox: Inbox<Item> = new Inbox(() => this.#inboxes.delete(inbox));
    if (this.#ended) inbox.end(null);
    else this.#inboxes.add(inbox);

    return inbox;
  }
}
