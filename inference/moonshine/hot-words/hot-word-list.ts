import { KeptHotWords } from '../../kept-hot-words.ts';
import type { HotWord, HotWords } from '../../recognizer.ts';
import { tokenize } from '../tokens.ts';
import { canBeHeard } from './can-be-heard.ts';
import { type Sounds, soundsOf, spelledSoundsOf } from './sounds.ts';

/** A word as it is looked for. */
export interface ListedWord {
  readonly text: string;
  readonly weight: number;
  /** As it is written behind another word. */
  readonly tokens: readonly number[];
  /** The ways in which it may be said. */
  readonly pronunciations: readonly Sounds[];
}

/** Most words of a stream that are looked for: what a segment costs is bounded by it. */
const MAX_WORDS = 1000;
/** Written in capitals, up to so many letters are said by their names. */
const MAX_ABBREVIATION = 5;
/** Words of lists that are kept made up: some 0.6 kB each. */
const KEPT_WORDS = 64_000;

/** Lists of hot words, made up once and kept as long as they are used. */
export class HotWordLists {
  readonly #lists = new KeptHotWords(KEPT_WORDS, listWords);

  /** The words that can be heard, at most 1,000. */
  get(hotWords: HotWords): readonly ListedWord[] {
    return this.#lists.of(hotWords);
  }
}

/** Makes up a list. Words that cannot be heard are left out. */
export function listWords(words: readonly HotWord[]): readonly ListedWord[] {
  return words
    .filter(({ text }) => canBeHeard(text))
    .slice(0, MAX_WORDS)
    .map(({ text, weight }) => {
      const written = text.normalize('NFC').trim().replaceAll(/\s+/g, ' ');

      return {
        text: written,
        weight,
        tokens: tokenize(written),
        pronunciations: pronunciations(written),
      };
    });
}

function pronunciations(text: string): readonly Sounds[] {
  const asWord = joined(text.split(' ').map(soundsOf));
  const isAbbreviation = new RegExp(`^[A-Z]{2,${MAX_ABBREVIATION}}$`).test(text);

  return isAbbreviation ? [asWord, spelledSoundsOf(text)] : [asWord];
}

function joined(parts: readonly Sounds[]): Sounds {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
