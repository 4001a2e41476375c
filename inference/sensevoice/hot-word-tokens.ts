import type { SenseVoiceGraphs } from './layout.ts';
import { readVocabulary, type Vocabulary } from './vocabulary.ts';

/** Scripts that are written without blanks. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Thai}]/u;
/** Scripts whose words are followed by no blank, or carry endings. */
const ENDLESS = new RegExp(`${UNSPACED.source}|\\p{Script=Hangul}`, 'u');
const LETTER = /[\p{L}\p{N}\p{M}]/u;

/** Ways to put one writing of a word together that are listened for: those of the fewest pieces. */
const MAX_SPELLINGS = 8;

/** How pieces are put together from a place in a word to its end. */
interface Rest {
  readonly token: number;
  readonly next: Rest | null;
  readonly pieces: number;
}

/**
 * Hot words as a model's tokens. A vocabulary tells no scores of its pieces, so that how the model would put a word together is
 * not known: several ways of few pieces are taken, of the word as it is given, in small letters, and with a capital.
 */
export class HotWordTokens {
  readonly #vocabulary: Vocabulary;
  readonly #bytesOfText: boolean;
  /** By their bytes, as Latin-1. */
  readonly #ids = new Map<string, number>();
  #longest = 0;

  /** @param bytesOfText whether pieces are any bytes, so that a word may begin without the blank before it. */
  constructor(vocabulary: Vocabulary, bytesOfText: boolean) {
    this.#vocabulary = vocabulary;
    this.#bytesOfText = bytesOfText;
    for (let id = 0; id < vocabulary.size; id++) {
      if (vocabulary.isByte(id)) continue;
      const piece = Buffer.from(vocabulary.bytes(id)).toString('latin1');
      if (piece === '' || this.#ids.has(piece)) continue;
      this.#ids.set(piece, id);
      this.#longest = Math.max(this.#longest, piece.length);
    }
  }

  /** Sequences of tokens that write a word, each once, the shortest first; none where the vocabulary lacks what it takes. */
  spellings(word: string): readonly (readonly number[])[] {
    const found = new Map<string, readonly number[]>();
    for (const writing of this.#writings(word))
      for (const tokens of this.#split(Buffer.from(writing).toString('latin1')))
        found.set(tokens.join(), tokens);

    return [...found.values()].sort((a, b) => a.length - b.length);
  }

  /** Whether there is any. Takes a fraction of the time. */
  canWrite(word: string): boolean {
    return this.#writings(word).some((writing) => this.#splits(Buffer.from(writing).toString('latin1')));
  }

  /** Whether a word ends before a token: it begins with a blank, with a mark, or in a script without blanks. */
  startsWord(token: number): boolean {
    const [first = ''] = Buffer.from(this.#vocabulary.bytes(token)).toString();

    return !LETTER.test(first) || UNSPACED.test(first);
  }

  #writings(word: string): readonly string[] {
    const [first = ''] = word;
    const cases = new Set([word, word.toLowerCase(), first.toUpperCase() + word.slice(first.length)]);
    const writings = [...cases];
    if (UNSPACED.test(first)) return writings;
    const spaced = writings.map((writing) => ` ${writing}`);

    return this.#bytesOfText ? [...spaced, ...writings] : spaced;
  }

  #splits(text: string): boolean {
    const reached = new Set([0]);
    for (const at of reached) {
      for (let end = at + 1; end <= Math.min(text.length, at + this.#longest); end++)
        if (!reached.has(end) && this.#ids.has(text.slice(at, end))) reached.add(end);
    }

    return reached.has(text.length);
  }

  /** The ways of fewest pieces, from the end to the beginning. */
  #split(text: string): readonly (readonly number[])[] {
    const rests: (readonly Rest[])[] = new Array(text.length + 1).fill([]);
    for (let at = text.length - 1; at >= 0; at--) {
      const ways: Rest[] = [];
      const longest = Math.min(this.#longest, text.length - at);
      for (let length = 1; length <= longest; length++) {
        const end = at + length;
        if (end < text.length && rests[end]!.length === 0) continue;
        const token = this.#ids.get(text.slice(at, end));
        if (token === undefined) continue;
        if (end === text.length) ways.push({ token, next: null, pieces: 1 });
        else for (const next of rests[end]!) ways.push({ token, next, pieces: next.pieces + 1 });
      }
      rests[at] = ways.sort((a, b) => a.pieces - b.pieces).slice(0, MAX_SPELLINGS);
    }

    return rests[0]!.map(tokensOf);
  }
}

/** Whether a word is heard only where it ends: `cat` is no part of `category`. */
export function endsWord(word: string): boolean {
  const last = [...word].at(-1) ?? '';

  return LETTER.test(last) && !ENDLESS.test(last);
}

/** Reads a model's vocabulary for hot words. @throws {ModelFilesError} */
export async function readHotWordTokens({ tokens, layout }: SenseVoiceGraphs): Promise<HotWordTokens> {
  const isBase64 = layout.packaging === 'fun-asr-nano';

  return new HotWordTokens(await readVocabulary(tokens, isBase64), isBase64);
}

function tokensOf(rest: Rest): readonly number[] {
  const tokens: number[] = [];
  for (let at: Rest | null = rest; at; at = at.next) tokens.push(at.token);

  return tokens;
}
