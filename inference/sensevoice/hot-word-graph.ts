/** A sequence of tokens that is preferred. */
export interface Phrase {
  readonly tokens: readonly number[];
  /** What it is worth, in natural-log probability; above 0. */
  readonly bonus: number;
  /** Whether it counts only where a word ends behind it. */
  readonly endsWord: boolean;
}

interface Node {
  readonly next: Map<number, number>;
  /** The longest other phrase's beginning that ends here. */
  fail: number;
  /** Of what goes on from here: the share of its bonus that has been spoken. Given ahead, and taken back. */
  lead: number;
  /** Of what ends here, whatever follows. */
  gained: number;
  /** Of what ends here if a word does. */
  awaiting: number;
}

/**
 * Which phrases a growing sequence of tokens is in the middle of, and what it has gained by those that it holds: an automaton of
 * Aho and Corasick ("Efficient string matching", 1975) with bonuses, after the `ContextGraph` of icefall (k2-fsa/icefall,
 * icefall/context_graph.py, Apache-2.0). Two things are different: what a phrase is worth does not depend on how many tokens
 * it is put together of, and a phrase of letters counts only where its last word ends.
 *
 * A sequence's worth is what it has gained and `ahead` of its state. At its end the latter is taken back, so that nothing is left
 * of phrases that were only begun.
 */
export class HotWordGraph {
  /** Before anything. */
  static readonly ROOT = 0;
  readonly #nodes: Node[] = [newNode()];
  readonly #startsWord: (token: number) => boolean;

  /** @param startsWord whether a word ends before a token. */
  constructor(phrases: readonly Phrase[], startsWord: (token: number) => boolean) {
    this.#startsWord = startsWord;
    for (const phrase of phrases) this.#insert(phrase);
    this.#link();
  }

  /** The state behind a token. */
  next(state: number, token: number): number {
    for (let at = state; ; at = this.#nodes[at]!.fail) {
      const next = this.#nodes[at]!.next.get(token);
      if (next !== undefined) return next;
      if (at === HotWordGraph.ROOT) return at;
    }
  }

  /** What a token from one state to the next gains for good. */
  gain(state: number, token: number, next: number): number {
    const { awaiting } = this.#nodes[state]!;
    const { gained } = this.#nodes[next]!;

    return gained + (awaiting > 0 && this.#startsWord(token) ? awaiting : 0);
  }

  /** What is given ahead in a state. */
  ahead(state: number): number {
    const { lead, awaiting } = this.#nodes[state]!;

    return lead + awaiting;
  }

  /** What is gained where the sequence ends. */
  gainAtEnd(state: number): number {
    return this.#nodes[state]!.awaiting;
  }

  /** Tokens that phrases go on with which the state is in the middle of. */
  continuations(state: number): Iterable<number> {
    return state === HotWordGraph.ROOT ? [] : this.#nodes[state]!.next.keys();
  }

  #insert({ tokens, bonus, endsWord }: Phrase): void {
    let at = HotWordGraph.ROOT;
    for (const [i, token] of tokens.entries()) {
      const node = this.#nodes[at]!;
      if (i > 0) node.lead = Math.max(node.lead, (bonus * i) / tokens.length);
      let next = node.next.get(token);
      if (next === undefined) {
        next = this.#nodes.push(newNode()) - 1;
        node.next.set(token, next);
      }
      at = next;
    }
    const end = this.#nodes[at]!;
    if (endsWord) end.awaiting = Math.max(end.awaiting, bonus);
    else end.gained = Math.max(end.gained, bonus);
  }

  /** Breadth first: what is shorter is linked already. */
  #link(): void {
    const queue = [HotWordGraph.ROOT];
    for (const at of queue) {
      for (const [token, next] of this.#nodes[at]!.next) {
        const node = this.#nodes[next]!;
        if (at !== HotWordGraph.ROOT) node.fail = this.next(this.#nodes[at]!.fail, token);
        const { lead, gained, awaiting } = this.#nodes[node.fail]!;
        node.lead = Math.max(node.lead, lead);
        node.gained += gained;
        node.awaiting += awaiting;
        queue.push(next);
      }
    }
  }
}

function newNode(): Node {
  return { next: new Map(), fail: HotWordGraph.ROOT, lead: 0, gained: 0, awaiting: 0 };
}
