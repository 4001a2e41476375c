/**
 * Code points that take two columns: wide and fullwidth ones (Unicode Standard Annex #11), coarsened to blocks, and
 * pictographs. First and last of each range.
 */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];
/** Nothing below takes more or less than one column. */
const FIRST_SPECIAL = 0x300;
/** Marks on the character before, joiners and the like. */
const NO_WIDTH = /^[\p{M}\p{Cf}]$/u;

/** Columns that a text takes in a caption: 2 for each wide character (Chinese, Japanese, Korean), 0 for marks, else 1. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);

  return width;
}

/** Columns of one code point. */
export function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < FIRST_SPECIAL) return 1;
  if (NO_WIDTH.test(character)) return 0;

  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
