import { pieceOf } from '../tokens.ts';
import { type Sounds, soundsOf } from './sounds.ts';

/** What stands before the first piece of a word. */
const SPACE = '▁';

/** What was heard, as one row of sounds, and where words begin and end in it. */
export interface HeardWords {
  readonly tokens: readonly number[];
  readonly sounds: Sounds;
  /**
   * Of the boundary before each sound, and of the one behind the last: the token that a word begins with there, or -1.
   */
  readonly starts: Int16Array;
  /** The same for ends: the token behind the word's last, without its punctuation; -1 where no word ends. */
  readonly ends: Int16Array;
}

/** A word's pieces: `tokens[from, to)`, without what is not letters at the end. */
interface WordPieces {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Takes a hypothesis apart. A word that begins with punctuation begins nowhere: it cannot be replaced alone. */
export function heardWords(tokens: readonly number[]): HeardWords {
  const words = wordPieces(tokens);
  const sounds = words.map(({ text }) => soundsOf(text));
  const count = sounds.reduce((sum, { length }) => sum + length, 0);
  const heard = {
    tokens,
    sounds: new Uint8Array(count),
    starts: new Int16Array(count + 1).fill(-1),
    ends: new Int16Array(count + 1).fill(-1),
  };
  let at = 0;
  for (const [i, { from, to, text }] of words.entries()) {
    heard.sounds.set(sounds[i]!, at);
    if (startsWithLetter(text)) heard.starts[at] = from;
    at += sounds[i]!.length;
    heard.ends[at] = to;
  }

  return heard;
}

/** The words of a hypothesis; an `'s` is a word of its own here, so that what stands before it can be replaced. */
function wordPieces(tokens: readonly number[]): readonly WordPieces[] {
  const words: WordPieces[] = [];
  let from = 0;
  const close = (end: number) => {
    let to = end;
    while (to > from && !hasLetter(pieceOf(tokens[to - 1]!))) to--;
    if (to > from) words.push({ from, to, text: textOf(tokens, from, to) });
    from = end;
  };
  for (let i = 1; i < tokens.length; i++) {
    const piece = pieceOf(tokens[i]!);
    if (piece.startsWith(SPACE) || piece === "'") close(i);
  }
  close(tokens.length);

  return words;
}

function textOf(tokens: readonly number[], from: number, to: number): string {
  return tokens.slice(from, to).map(pieceOf).join('').replaceAll(SPACE, '');
}

function hasLetter(piece: string): boolean {
  return /[\p{L}\p{N}]/u.test(piece);
}

function startsWithLetter(text: string): boolean {
  return /^[\p{L}\p{N}]/u.test(text);
}
