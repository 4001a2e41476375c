import { languageTag } from './heard.ts';

/** ISO 639-3 for Mandarin. */
const MANDARIN = 'cmn';

/**
 * Whisper's code for a language, or '' for whatever it hears. One that the model does not have must not be asked for: it
 * ends the process.
 * @param codes those of the model.
 */
export function whisperCode(language: string | null, codes: readonly string[]): string {
  const primary = language?.toLowerCase().split('-').at(0);
  const wanted = primary === MANDARIN ? 'zh' : primary;

  return codes.find((code) => languageTag(code) === wanted) ?? '';
}
