import { effect, type Signal, signal } from '@preact/signals';

const PREFIX = 'roundtable.';

/**
 * A choice between a few words that this browser remembers. Where it has no storage, the choice lasts as long as the page.
 * @param allowed what may be in the storage; anything else there counts as nothing.
 */
export function storedChoice<T extends string>(name: string, initial: T, allowed: readonly T[]): Signal<T> {
  const kept = read(localStore, name);
  const choice = signal(allowed.includes(kept as T) ? (kept as T) : initial);
  keep(localStore, name, choice);

  return choice;
}

/** A text that this browser remembers, '' at first. */
export function storedText(name: string): Signal<string> {
  const text = signal(read(localStore, name) ?? '');
  keep(localStore, name, text);

  return text;
}

/** A text that is remembered until this tab is closed: for what is not to stay behind on a shared computer. */
export function tabText(name: string): Signal<string> {
  const text = signal(read(tabStore, name) ?? '');
  keep(tabStore, name, text);

  return text;
}

// Looked up at each use: with storage switched off, the property itself throws.
const localStore = () => localStorage;
const tabStore = () => sessionStorage;

function read(store: () => Storage, name: string): string | null {
  try {
    return store().getItem(PREFIX + name);
  } catch {
    return null;
  }
}

function keep(store: () => Storage, name: string, text: Signal<string>): void {
  let first = true;
  effect(() => {
    const { value } = text;
    // What was only read, or found out, is not a choice.
    if (first) {
      first = false;
      return;
    }
    try {
      store().setItem(PREFIX + name, value);
    } catch {
      // The choice lasts as long as the page.
    }
  });
}
