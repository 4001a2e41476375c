import type { StartMessage } from '../../client-sdk/protocol.ts';
import { spokenLanguages } from '../../inference/language-tags.ts';
import type { RecognizerCapabilities } from '../../inference/recognizer.ts';
import { StreamError } from '../errors.ts';
import { type AskedLanguage, fixedLanguage, isAuto, knowsLanguage, languageAmong } from '../language.ts';

/** Which model runs, and the hash that proves which bytes. */
export interface ModelIdentity {
  readonly name: string;
  /** SHA-256 over the model's files, in hexadecimal. */
  readonly hash: string;
}

/** A recogniser that streams can be captioned with. */
export interface ServedModel extends ModelIdentity {
  /** Its number in the pool of threads. */
  readonly index: number;
  readonly capabilities: RecognizerCapabilities;
  /** Whether it has letters for a hot word: one that it has none for is never heard. */
  canWrite(text: string): boolean;
}

/** What a stream or a recording asks for. */
export interface Wanted {
  /** A name; nothing leaves it to the language. */
  readonly model?: string | null | undefined;
  readonly language?: AskedLanguage;
}

/** Digits of a content hash that tell versions of a model apart. */
const HASH_DIGITS = 12;

/** A model as captions name it: `name@hash`. */
export function modelId({ name, hash }: ModelIdentity): string {
  return `${name}@${hash.slice(0, HASH_DIGITS)}`;
}

/** The recognisers of a server, in the operator's order, and which of them a stream gets. */
export class ServedModels {
  /** One or more. */
  readonly list: readonly ServedModel[];

  constructor(list: readonly ServedModel[]) {
    this.list = list;
  }

  /** For whoever asks for nothing. */
  get default(): ServedModel {
    return this.list[0]!;
  }

  /** Of all of them, BCP 47 primary tags. */
  get languages(): readonly string[] {
    return [...new Set(this.list.flatMap(({ capabilities }) => capabilities.languages))];
  }

  /** The model of that name, or null. */
  named(name: unknown): ServedModel | null {
    return this.list.find((model) => model.name === name) ?? null;
  }

  /**
   * The model that a stream gets: the one it names; else the first that knows its language, or can find it out where that is
   * `auto`; else the default.
   * @throws {StreamError} `unsupported-model` for a name that is not served, `unsupported-language` where that model, or none,
   * knows the language.
   */
  choose({ model: name, language }: Wanted): ServedModel {
    if (name == null) return this.#choiceFor(language);
    const model = this.named(name);
    if (!model) throw new StreamError('unsupported-model', `It has ${this.#names(this.list)}.`);
    if (!knowsLanguage(language, model.capabilities.languages)) throw this.#contradiction(model, language!);

    return model;
  }

  /** What a client asks for that names other services' models, whatever the server has: such a name is none. */
  known({ model, language }: Wanted): Pick<StartMessage, 'model' | 'language'> {
    return {
      ...(this.named(model) && { model: model! }),
      ...(language != null && { language }),
    };
  }

  #choiceFor(asked: AskedLanguage): ServedModel {
    if (isAuto(asked)) return this.list.find(tellsLanguages) ?? this.default;
    const language = fixedLanguage(asked);
    if (language === null) return this.default;
    // Of Hong Kong's Chinese: rather a model further down that knows Cantonese than the first that knows Mandarin.
    for (const spoken of spokenLanguages(language)) {
      const model = this.list.find(({ capabilities }) => capabilities.languages.includes(spoken));
      if (model) return model;
    }
    const model = this.#knowing(language)[0];
    if (model) return model;
    const [only, ...others] = this.list;
    throw new StreamError(
      'unsupported-language',
      others.length > 0
        ? `${this.list.map(describeLanguages).join('; ')}.`
        : `It knows ${only!.capabilities.languages.join(', ')}.`,
    );
  }

  #contradiction(model: ServedModel, language: string): StreamError {
    const others = this.#knowing(language);
    const hint =
      others.length > 0 ? ` ${this.#names(others)} ${others.length > 1 ? 'know' : 'knows'} it.` : '';

    return new StreamError('unsupported-language', `${describeLanguages(model)}.${hint}`);
  }

  #knowing(language: string): readonly ServedModel[] {
    return this.list.filter(({ capabilities }) => languageAmong(language, capabilities.languages) !== null);
  }

  #names(models: readonly ServedModel[]): string {
    return models.map(({ name }) => name).join(', ');
  }
}

/** One that may know any (`*`) is rather one of which nobody knows what it knows. */
function tellsLanguages({ capabilities: { languages } }: ServedModel): boolean {
  return languages.length > 1;
}

function describeLanguages({ name, capabilities: { languages } }: ServedModel): string {
  return `${name} knows ${languages.join(', ')}`;
}
