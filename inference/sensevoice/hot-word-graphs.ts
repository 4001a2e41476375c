import { KeptHotWords } from '../kept-hot-words.ts';
import type { HotWord, HotWords } from '../recognizer.ts';
import { HotWordGraph, type Phrase } from './hot-word-graph.ts';
import { endsWord, HotWordTokens } from './hot-word-tokens.ts';
import type { Vocabulary } from './vocabulary.ts';

/**
 * What a token of a hot word of the usual weight is worth, in natural-log probability: between the 1.5 of sherpa-onnx, whose
 * models with hot words are transducers, and the 3 of WeNet's runtime, whose are CTC.
 */
const TOKEN_BONUS = 2;
/** Words whose graphs are kept: some 9 kB each. */
const KEPT_WORDS = 16_000;

/** Hot words made ready for a model's decoder; those used last are kept. */
export class HotWordGraphs {
  readonly #vocabulary: Vocabulary;
  readonly #bytesOfText: boolean;
  /** Made when it is first needed: most streams have no hot words. */
  #tokens: HotWordTokens | null = null;
  readonly #graphs = new KeptHotWords(KEPT_WORDS, (words) => this.#make(words));

  /** @param bytesOfText as `HotWordTokens` has it. */
  constructor(vocabulary: Vocabulary, bytesOfText: boolean) {
    this.#vocabulary = vocabulary;
    this.#bytesOfText = bytesOfText;
  }

  of(hotWords: HotWords): HotWordGraph {
    return this.#graphs.of(hotWords);
  }

  #make(words: readonly HotWord[]): HotWordGraph {
    this.#tokens ??= new HotWordTokens(this.#vocabulary, this.#bytesOfText);
    const tokens = this.#tokens;
    const phrases = words.flatMap(({ text, weight }): readonly Phrase[] => {
      const spellings = tokens.spellings(text);
      const bonus = TOKEN_BONUS * weight * (spellings[0]?.length ?? 0);

      return spellings.map((each) => ({ tokens: each, bonus, endsWord: endsWord(text) }));
    });

    return new HotWordGraph(phrases, (token) => tokens.startsWord(token));
  }
}
