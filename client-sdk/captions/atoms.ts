import { characterWidth, displayWidth } from './width.ts';

/** A stretch of text that no line break divides: a word, or a character of a script that is written without blanks. */
export interface Atom {
  readonly text: string;
  /** Where it stands in the text, in UTF-16 units: its first, and the one behind its last. */
  readonly from: number;
  readonly to: number;
  /** In columns. */
  readonly width: number;
  /** Whether a blank stands before it. */
  readonly spaced: boolean;
}

/** Scripts that may be broken between any two characters. Korean, which is as wide, has blanks. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\u3000-\u303f\uff01-\uff60]/u;
/** What begins no line, and what ends none: the usual rules for Chinese and Japanese (W3C, "Requirements for Japanese Text Layout"). */
const NO_START =
  /[\p{M}、。，．：；！？）」』】〉》〕］｝ー々ゝゞ…‥・％%!?,.:;)\]}»”’ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ]/u;
const NO_END = /[（「『【〈《〔［｛([{«“‘]/u;

/**
 * Divides a text where lines may break. Blanks are between atoms, not in them.
 * @param maxWidth no atom is wider: one that would be, such as a long address, is divided anywhere.
 */
export function atomsOf(text: string, maxWidth: number): Atom[] {
  const atoms: Atom[] = [];
  for (const { 0: token, index } of text.matchAll(/\S+/gu)) {
    let at = index;
    for (const piece of divide(token, maxWidth)) {
      const spaced = at === index && atoms.length > 0;
      atoms.push({ text: piece, from: at, to: at + piece.length, width: displayWidth(piece), spaced });
      at += piece.length;
    }
  }

  return atoms;
}

/** Atoms as they are read, with one blank where there were any. */
export function joinAtoms(atoms: readonly Atom[], from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) {
    const atom = atoms[i]!;
    text += atom.spaced && i > from ? ` ${atom.text}` : atom.text;
  }

  return text;
}

function divide(token: string, maxWidth: number): readonly string[] {
  if (displayWidth(token) <= maxWidth && !UNSPACED.test(token)) return [token];
  const pieces: string[] = [];
  let piece = '';
  let width = 0;
  let last = '';
  for (const character of token) {
    const columns = characterWidth(character);
    const mayBreak =
      (UNSPACED.test(last) || UNSPACED.test(character)) && !NO_START.test(character) && !NO_END.test(last);
    if (piece !== '' && (mayBreak || width + columns > maxWidth) && columns > 0) {
      pieces.push(piece);
      piece = '';
      width = 0;
    }
    piece += character;
    width += columns;
    last = character;
  }
  pieces.push(piece);

  return pieces;
}
