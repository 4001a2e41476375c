import { spokenLanguages } from '../language-tags.ts';
import { languageTag } from './heard.ts';

/**
 * Whisper's code for a language, or '' for whatever it hears. One that the model does not have must not be asked for: it
 * ends the process.
 * @param codes those of the model.
 */
export function whisperCode(language: string | null, codes: readonly string[]): string {
  const wanted = language === null ? [] : spokenLanguages(language);
  const found = wanted.flatMap((tag) => codes.find((code) => languageTag(code) === tag) ?? []);

  return found[0] ?? '';
}
