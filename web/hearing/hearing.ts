import { type Signal, signal } from '@preact/signals';
import { askServer } from '../shell/server.ts';
import { storedText } from '../shell/stored.ts';

/** A model of the server's, as `GET /v1/status` tells of it (docs/protocol.md). */
export interface OfferedModel {
  readonly name: string;
  /** BCP 47; `*` where it knows any. */
  readonly languages: readonly string[];
}

/** What is to hear somebody, and in which language; each is '' for the server's own choice. */
export interface ChosenHearing {
  /** BCP 47, or `auto` for a model that finds it out. */
  readonly language: string;
  /** Its name. */
  readonly model: string;
}

/** The server's models, the default first; none before it has told. */
export const offer = signal<readonly OfferedModel[]>([]);

/** Asks which there are. Where there is no answer the server decides. */
export async function readOffer(): Promise<void> {
  const answer = await askServer('/v1/status').catch(() => null);
  const told = (await answer?.json().catch(() => null)) as {
    /** Null before they are loaded. */
    readonly models?: { readonly recognizers?: readonly OfferedModel[] } | null;
  } | null;
  offer.value = told?.models?.recognizers ?? [];
}

/** What somebody has chosen, which this browser remembers. */
export class Hearing {
  readonly language: Signal<string>;
  readonly model: Signal<string>;

  /** @param name under which choices are remembered. */
  constructor(name: string) {
    this.language = storedText(`${name}-language`);
    this.model = storedText(`${name}-model`);
  }

  /** Names of models, of which one may be chosen where there are several. */
  get models(): readonly string[] {
    return offer.value.map(({ name }) => name);
  }

  /** What is heard where no language is chosen; null where that is found out. */
  get defaultLanguage(): string | null {
    const [only, ...others] = this.#candidates[0]?.languages ?? [];

    return only === undefined || only === '*' || others.length > 0 ? null : only;
  }

  /** Languages of the model that is chosen, or of all. */
  get languages(): readonly string[] {
    const known = new Set(this.#candidates.flatMap(({ languages }) => languages ?? []));
    known.delete('*');

    // Another model than the default may find it out.
    return known.size > 1 && this.defaultLanguage !== null ? ['auto', ...known] : [...known];
  }

  /** What to ask the server for: nothing that it has not offered, nor what is its only choice. */
  get chosen(): ChosenHearing {
    return { language: among(this.language.value, this.languages), model: this.#model };
  }

  get #model(): string {
    return among(this.model.value, this.models);
  }

  /** Those that the language may be of: the default first. */
  get #candidates(): readonly OfferedModel[] {
    return offer.value.filter(({ name }) => this.#model === '' || name === this.#model);
  }
}

function among(choice: string, offered: readonly string[]): string {
  return offered.length > 1 && offered.includes(choice) ? choice : '';
}
