import { StreamError } from './errors.ts';

/** Leaves the language to the model, as naming none does. */
const AUTO = 'auto';
/** ISO 639-3; BCP 47 has it as a kind of `zh`, and prefers that. */
const MANDARIN = 'cmn';
/** Stands for whatever language it is, where nobody can tell which a model knows. */
const ANY = '*';
const PRIMARY_TAG = /^[a-z]{2,3}$/;
/** BCP 47: nobody can tell. */
const UNDETERMINED = 'und';

/** What a stream may ask for: a BCP 47 tag, `auto`, or nothing. */
type Asked = string | null | undefined;

/** The language that a stream is fixed to; null where the model is to find it out. */
export function fixedLanguage(asked: Asked): string | null {
  return asked == null || asked.toLowerCase() === AUTO ? null : asked;
}

/** Whether a model can do what is asked for. Only the primary tag counts. @param known primary tags, or `*`. */
export function knowsLanguage(asked: Asked, known: readonly string[]): boolean {
  const language = fixedLanguage(asked);

  if (language === null) return true;
  const primary = primaryTag(language);

  return known.includes(ANY) ? PRIMARY_TAG.test(primary) : known.includes(primary);
}

/** @throws {StreamError} `unsupported-language` when the model cannot do what is asked for. @param known primary tags. */
export function requireLanguage(asked: Asked, known: readonly string[]): void {
  if (!knowsLanguage(asked, known))
    throw new StreamError('unsupported-language', `It knows ${known.join(', ')}.`);
}

/**
 * The language that a caption is said to be in: the one that was asked for, or else the one that the model says it heard, or
 * the only one it knows; `und` where none of that tells.
 * @param known primary tags.
 */
export function captionLanguage(asked: Asked, heard: string | undefined, known: readonly string[]): string {
  const language = fixedLanguage(asked);
  if (language !== null) return primaryTag(language);

  return heard ?? (known.length === 1 && known[0] !== ANY ? known[0]! : UNDETERMINED);
}

function primaryTag(language: string): string {
  const primary = language.split('-')[0]!.toLowerCase();

  return primary === MANDARIN ? 'zh' : primary;
}
