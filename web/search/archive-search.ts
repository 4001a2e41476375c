import { batch, signal } from '@preact/signals';
import { type Trouble, troubleFrom } from '../trouble/trouble.ts';
import { type Hit, type Page, searchArchive } from './archive.ts';

/** After the last key: asking at each would ask for what nobody wants to see. */
const TYPING_MS = 300;
/** As the server takes them. */
export const MAX_QUERY_CHARACTERS = 200;

/**
 * Looks for words in what is kept. What is looked for stands in the address behind the `#`, so that going back shows it again,
 * and is in no log.
 */
export class ArchiveSearch {
  readonly query = signal('');
  /** '' for everywhere. */
  readonly meeting = signal('');
  /** Null before something was looked for. */
  readonly found = signal<Page<Hit> | null>(null);
  readonly isSearching = signal(false);
  readonly trouble = signal<Trouble | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort = new AbortController();

  /** Takes up what the address says, now and whenever somebody goes back. */
  open(): void {
    const read = () => {
      const said = new URLSearchParams(location.hash.slice(1));
      // A way to a part of the page.
      if (location.hash !== '' && !said.has('q') && !said.has('in')) return;
      this.query.value = (said.get('q') ?? '').slice(0, MAX_QUERY_CHARACTERS);
      this.meeting.value = said.get('in') ?? '';
      void this.#search();
    };
    addEventListener('hashchange', read);
    read();
  }

  /** Looks for it when no more is typed. */
  type(query: string): void {
    this.query.value = query;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), TYPING_MS);
  }

  /** @param meeting '' for everywhere. */
  within(meeting: string): void {
    this.meeting.value = meeting;
    this.now();
  }

  /** Looks for it at once. */
  now(): void {
    this.#note();
    void this.#search();
  }

  /** Gets what was said before. */
  async more(): Promise<void> {
    const { items, next } = this.found.value ?? { items: [], next: null };
    if (next === null || this.isSearching.value) return;
    const page = await this.#ask(next);
    if (page) this.found.value = { items: [...items, ...page.items], next: page.next };
  }

  async #search(): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort.abort();
    if (this.query.value.trim() === '') {
      batch(() => {
        this.found.value = null;
        this.isSearching.value = false;
        this.trouble.value = null;
      });
      return;
    }
    const page = await this.#ask(null);
    if (page) this.found.value = page;
  }

  /** @returns null where nothing came of it, or it is not wanted any more. */
  async #ask(after: string | null): Promise<Page<Hit> | null> {
    const abort = new AbortController();
    this.#abort = abort;
    this.isSearching.value = true;
    try {
      const page = await searchArchive(this.query.value, this.meeting.value, after, abort.signal);
      this.trouble.value = null;

      return abort.signal.aborted ? null : page;
    } catch (error) {
      if (!abort.signal.aborted) this.trouble.value = troubleFrom(error);

      return null;
    } finally {
      if (abort === this.#abort) this.isSearching.value = false;
    }
  }

  #note(): void {
    const said = new URLSearchParams();
    if (this.query.value.trim() !== '') said.set('q', this.query.value);
    if (this.meeting.value !== '') said.set('in', this.meeting.value);
    history.replaceState(null, '', String(said) === '' ? location.pathname : `#${said}`);
  }
}
