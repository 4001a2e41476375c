import type { SpokenWord } from '../recognizer.ts';
import type { CtcToken } from './greedy-ctc.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Han, kana, bopomofo and what stands for repetition among them: each is a word of its own. Hangul has spaces. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}ー々〆]/u;
/** A word needs more than punctuation. */
const SOUNDED = /[\p{L}\p{N}\p{M}\p{S}]/u;

/** What stands for bytes that are no UTF-8. */
const NO_CHARACTER = '\uFFFD';

/** Whole characters, and the tokens that they took. */
interface Piece {
  readonly text: string;
  readonly tokens: readonly CtcToken[];
}

/** What was said, cleaned: without tags and marks, with single spaces and none at the ends. */
export interface SpokenText {
  readonly text: string;
  /** The tokens that carry text. */
  readonly tokens: readonly CtcToken[];
  readonly words: readonly SpokenWord[];
}

/**
 * Puts tokens together to text and words. A word ends at a space; where a script has none, each token of it is a word,
 * which is a character nearly always. Punctuation belongs to the word before it, or the first behind it.
 * @param timeMs when a position begins.
 */
export function spokenText(
  heard: readonly CtcToken[],
  vocabulary: Vocabulary,
  timeMs: (position: number) => number,
): SpokenText {
  const pieces = toPieces(heard, vocabulary);
  const text = pieces.map((piece) => piece.text).join('');
  const words = toWords(pieces).map((word): SpokenWord => {
    const logProb = word.tokens.reduce((sum, token) => sum + token.logProb, 0) / word.tokens.length;

    return {
      text: word.text,
      startMs: timeMs(word.tokens[0]!.begin),
      endMs: timeMs(word.tokens.at(-1)!.end),
      confidence: Math.exp(logProb),
    };
  });

  return {
    text: text.replace(/\s+/gu, ' ').trim(),
    tokens: pieces.flatMap((piece) => piece.tokens),
    words,
  };
}

/** Joins tokens until they end with a whole character, and leaves out those whose bytes make none. */
function toPieces(heard: readonly CtcToken[], vocabulary: Vocabulary): readonly Piece[] {
  const pieces: Piece[] = [];
  let decoder = new TextDecoder();
  let open: CtcToken[] = [];
  for (const token of heard) {
    const bytes = vocabulary.bytes(token.id);
    if (bytes.length === 0) continue;
    if (open.length > 0 && !continuesCharacter(bytes[0]!)) [decoder, open] = [new TextDecoder(), []];
    open.push(token);
    const text = decoder.decode(bytes, { stream: true });
    if (text === '') continue;
    const whole = text.replaceAll(NO_CHARACTER, '');
    if (whole !== '') pieces.push({ text: whole, tokens: open });
    open = [];
  }

  return pieces;
}

function continuesCharacter(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0;
}

function toWords(pieces: readonly Piece[]): readonly Piece[] {
  const words: { text: string; tokens: CtcToken[]; open: boolean }[] = [];
  for (const { text, tokens } of pieces) {
    // What stands between spaces, the spaces' places kept by empty strings.
    for (const [i, part] of text.split(/\s+/u).entries()) {
      const last = words.at(-1);
      if (i > 0 && last) last.open = false;
      if (part === '') continue;
      const unspaced = UNSPACED.test(part);
      const joins = last && (!SOUNDED.test(part) || !SOUNDED.test(last.text) || (last.open && !unspaced));
      if (joins) {
        last.text += part;
        last.tokens.push(...tokens);
        last.open &&= !unspaced;
      } else {
        words.push({ text: part, tokens: [...tokens], open: !unspaced });
      }
    }
  }

  return words;
}
