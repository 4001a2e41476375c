import { KeptHotWords } from '../kept-hot-words.ts';
import type { HotWord, HotWords } from '../recognizer.ts';
import { HOT_WORD_SCORE } from './recognizer-config.ts';
import type { HotWordUnits } from './sherpa-graphs.ts';
import type { Spelling } from './tokens.ts';

/** Words of lists that are kept as sherpa-onnx wants them. */
const KEPT_WORDS = 64_000;
/** Words that are taken of a list. sherpa-onnx reads them anew for each segment: a thousand take it 10 ms. */
const MAX_WORDS = 1000;
/** What sherpa-onnx takes for the end of a phrase, its score, its threshold or its name, and throws on where it is none. */
const RESERVED = /[/:#@\p{Cc}]/u;
/** Han, as `SplitUtf8` of sherpa-onnx parts it: each character is a token of its own. */
const CHARACTER = /\p{Script=Han}/u;
/** What it cuts into pieces where there are both. */
const LETTER = /[A-Za-z']/;
/** How sentencepiece writes a space. */
const SPACE = '▁';

/**
 * Writes hot words as sherpa-onnx takes them, for one model. Those that cannot be made of the model's tokens are left out:
 * sherpa-onnx would print them, and prefer what is left of them.
 */
export class HotWordList {
  readonly #units: HotWordUnits;
  readonly #spelling: Spelling;
  readonly #casing: 'upper' | 'lower' | 'any';
  readonly #lists = new KeptHotWords(KEPT_WORDS, (words) => this.#list(words));

  constructor(units: HotWordUnits, spelling: Spelling) {
    this.#units = units;
    this.#spelling = spelling;
    this.#casing = casingOf(spelling.pieces);
  }

  /** The words of a segment; '' where none of them can be used. */
  write(hotWords: HotWords): string {
    return this.#lists.of(hotWords);
  }

  /** Whether a word can be made of the model's tokens. */
  canWrite(text: string): boolean {
    return this.#phrase({ text, weight: 1 }) !== null;
  }

  #list(words: readonly HotWord[]): string {
    return words
      .slice(0, MAX_WORDS)
      .flatMap((word) => this.#phrase(word) ?? [])
      .join('/');
  }

  #phrase({ text, weight }: HotWord): string | null {
    if (RESERVED.test(text) || !Number.isFinite(weight)) return null;
    const words = this.#cased(text)
      .split(/\s+/u)
      .filter((word) => word !== '');
    if (words.length === 0 || !words.every((word) => this.#canBeSpelt(word))) return null;

    return `${words.join(' ')} :${(weight * HOT_WORD_SCORE).toFixed(3)}`;
  }

  #cased(text: string): string {
    if (this.#casing === 'any') return text;

    return this.#casing === 'upper' ? text.toUpperCase() : text.toLowerCase();
  }

  /** Whether every character is a token, so that whatever longer ones it is cut into, there is one for all of it. */
  #canBeSpelt(word: string): boolean {
    const { unit } = this.#units;
    const { pieces } = this.#spelling;
    const isSpelt = (character: string) =>
      pieces.has(character) && (unit === 'bpe' || CHARACTER.test(character) || LETTER.test(character));
    const characters = Array.from(word);
    const isHan = characters.every((character) => CHARACTER.test(character));

    return characters.every(isSpelt) && (unit === 'cjkchar' ? isHan : isHan || pieces.has(SPACE));
  }
}

/** Many models know capitals only, or none. */
function casingOf(pieces: ReadonlySet<string>): 'upper' | 'lower' | 'any' {
  const letters = [...pieces].filter((piece) => !piece.startsWith('<')).join('');
  const [upper, lower] = [/\p{Lu}/u.test(letters), /\p{Ll}/u.test(letters)];
  if (upper === lower) return 'any';

  return upper ? 'upper' : 'lower';
}
