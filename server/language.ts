import { spokenLanguages } from '../inference/language-tags.ts';

/** Leaves the language to the model, as naming none does, and the model to what can tell languages apart. */
export const AUTO = 'auto';
/** BCP 47: nobody can tell. */
const UNDETERMINED = 'und';
/** Of a model that knows every language, or nobody knows which. */
const ANY = '*';
const PRIMARY_TAG = /^[a-z]{2,3}$/;

/** What a stream may ask for: a BCP 47 tag, `auto`, or nothing. */
export type AskedLanguage = string | null | undefined;

/** Whether it is left to the model, expressly. */
export function isAuto(asked: AskedLanguage): boolean {
  return asked?.toLowerCase() === AUTO;
}

/** The language that a stream is fixed to; null where the model is to find it out. */
export function fixedLanguage(asked: AskedLanguage): string | null {
  return asked == null || isAuto(asked) ? null : asked;
}

/**
 * Which of a model's languages a tag stands for: those of Hong Kong's Chinese are Cantonese, else Chinese.
 * @param known primary tags, or `*`.
 * @returns a primary tag; null where the model has none of them.
 */
export function languageAmong(tag: string, known: readonly string[]): string | null {
  const spoken = spokenLanguages(tag);
  const found = spoken.find((each) => each !== ANY && known.includes(each));
  if (found !== undefined) return found;
  const [primary] = spoken;

  return known.includes(ANY) && PRIMARY_TAG.test(primary!) ? primary! : null;
}

/** Whether a model can do what is asked for. @param known primary tags. */
export function knowsLanguage(asked: AskedLanguage, known: readonly string[]): boolean {
  const language = fixedLanguage(asked);

  return language === null || languageAmong(language, known) !== null;
}

/**
 * The language that a caption is said to be in: the one that was asked for, or else the one that the model says it heard, or
 * the only one it knows; `und` where none of that tells.
 * @param known primary tags.
 */
export function captionLanguage(
  asked: AskedLanguage,
  heard: string | undefined,
  known: readonly string[],
): string {
  const language = fixedLanguage(asked);
  if (language !== null) return languageAmong(language, known) ?? spokenLanguages(language)[0]!;
  const [only] = known;

  return heard ?? (known.length === 1 && only !== ANY ? only! : UNDETERMINED);
}
