import type { Edit } from '../edit.ts';
import type { TextStage } from '../text-stage.ts';
import { chineseNumbers } from './chinese.ts';
import { englishNumbers } from './english.ts';

/** Finds numbers in a text, and up to where that is decided whatever comes behind it. */
type Numbers = (text: string) => { readonly edits: readonly Edit[]; readonly settled: number };

/** By primary tags. Other languages keep their words. */
const NUMBERS: Readonly<Record<string, Numbers>> = {
  en: englishNumbers,
  zh: chineseNumbers,
  yue: chineseNumbers,
};

/**
 * Numbers in digits, where a model writes words: inverse text normalisation by rules. Written text is left as it is, so that
 * doing it again changes nothing.
 * @param language a primary tag.
 * @returns null for a language without rules.
 */
export function numeralStage(language: string): TextStage | null {
  const numbers = NUMBERS[language];

  return numbers ? { edits: (text) => numbers(text).edits, settled: (text) => numbers(text).settled } : null;
}
