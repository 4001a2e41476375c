import type { HotWord, HotWords } from '../recognizer.ts';
import { HotWordGraph, type Phrase } from './hot-word-graph.ts';
import { endsWord, HotWordTokens } from './hot-word-tokens.ts';
import type { Vocabulary } from './vocabulary.ts';

/**
 * What a token of a hot word of the usual weight is worth, in natural-log probability: between the 1.5 of sherpa-onnx, whose
 * models with hot words are transducers, and the 3 of WeNet's runtime, whose are CTC.
 */
const TOKEN_BONUS = 2;
/** Lists that are kept ready: one for each meeting, mostly. */
const MAX_GRAPHS = 32;
/** Places of all of them together, at some 300 bytes each: a thread's heap is bounded, and dies when it is full. */
const MAX_PLACES = 400_000;

/** Hot words made ready for a model's decoder; those used last are kept. */
export class HotWordGraphs {
  readonly #vocabulary: Vocabulary;
  readonly #bytesOfText: boolean;
  /** Made when it is first needed: most streams have no hot words. */
  #tokens: HotWordTokens | null = null;
  /** By the lists' keys, the one used last at the end. */
  readonly #graphs = new Map<string, HotWordGraph>();

  /** @param bytesOfText as `HotWordTokens` has it. */
  constructor(vocabulary: Vocabulary, bytesOfText: boolean) {
    this.#vocabulary = vocabulary;
    this.#bytesOfText = bytesOfText;
  }

  of({ key, words }: HotWords): HotWordGraph {
    const graph = this.#graphs.get(key) ?? this.#make(words);
    this.#graphs.delete(key);
    this.#graphs.set(key, graph);
    for (const [oldest] of this.#graphs) {
      if (oldest === key || (this.#graphs.size <= MAX_GRAPHS && this.#places <= MAX_PLACES)) break;
      this.#graphs.delete(oldest);
    }

    return graph;
  }

  get #places(): number {
    return [...this.#graphs.values()].reduce((sum, { size }) => sum + size, 0);
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
