import type { SpokenWord } from './recognizer.ts';

/** A token that was heard. */
export interface HeardToken {
  /** Its text in UTF-8, which need not end with a whole character; a space where a word begins, in scripts that have such. */
  readonly bytes: Uint8Array;
  /** In milliseconds since the segment's beginning. */
  readonly startMs: number;
  readonly endMs: number;
  /** Natural-log probability; null where the model does not tell. */
  readonly logProb: number | null;
}

/** Han, kana, bopomofo and what stands for repetition among them: each is a word of its own. Hangul has spaces. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}ー々〆]/u;
/** A word needs more than punctuation. */
const SOUNDED = /[\p{L}\p{N}\p{M}\p{S}]/u;

/** What stands for bytes that are no UTF-8. */
const NO_CHARACTER = '\uFFFD';

/** Whole characters, and the tokens that they took. */
interface Piece<Token> {
  readonly text: string;
  readonly tokens: readonly Token[];
}

/** What was said, cleaned: without tags and marks, with single spaces and none at the ends. */
export interface SpokenText<Token> {
  readonly text: string;
  /** The tokens that carry text. */
  readonly tokens: readonly Token[];
  readonly words: readonly SpokenWord[];
}

/**
 * Puts tokens together to text and words. A word ends at a space; where a script has none, each token of it is a word,
 * which is a character nearly always. Punctuation belongs to the word before it, or the first behind it.
 */
export function spokenWords<Token extends HeardToken>(heard: readonly Token[]): SpokenText<Token> {
  const pieces = toPieces(heard);
  const text = pieces.map((piece) => piece.text).join('');

  return {
    text: text.replace(/\s+/gu, ' ').trim(),
    tokens: pieces.flatMap((piece) => piece.tokens),
    words: toWords(pieces).map(({ text, tokens }) => ({
      text,
      startMs: tokens[0]!.startMs,
      endMs: tokens.at(-1)!.endMs,
      ...confidence(tokens),
    })),
  };
}

function confidence(tokens: readonly HeardToken[]): Pick<SpokenWord, 'confidence'> {
  const logProbs = tokens.map(({ logProb }) => logProb).filter((logProb) => logProb !== null);
  if (logProbs.length < tokens.length) return {};

  return { confidence: Math.exp(logProbs.reduce((sum, logProb) => sum + logProb, 0) / logProbs.length) };
}

/** Joins tokens until they end with a whole character, and leaves out those whose bytes make none. */
function toPieces<Token extends HeardToken>(heard: readonly Token[]): readonly Piece<Token>[] {
  const pieces: Piece<Token>[] = [];
  let decoder = new TextDecoder();
  let open: Token[] = [];
  for (const token of heard) {
    const { bytes } = token;
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

function toWords<Token>(pieces: readonly Piece<Token>[]): readonly Piece<Token>[] {
  const words: { text: string; tokens: Token[]; open: boolean }[] = [];
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
