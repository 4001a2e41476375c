import { plainLetters } from './sounds.ts';

/** Longest word or phrase, in characters. */
const MAX_CHARACTERS = 64;
/** Fewer letters say too little: half of all words sound alike. */
const MIN_LETTERS = 3;

/**
 * Whether a hot word can be heard by Moonshine, which writes English: it is in Latin letters, at least three (a digit
 * counts as its name), and at most 64 characters long.
 */
export function canBeHeard(text: string): boolean {
  return (
    text.length <= MAX_CHARACTERS &&
    plainLetters(text).length >= MIN_LETTERS &&
    // Letters of other scripts would fall away as letters are taken for sounds.
    !/[^\P{L}\p{Script=Latin}]/u.test(text)
  );
}
