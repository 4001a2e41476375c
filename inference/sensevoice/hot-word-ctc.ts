import { type CtcToken, likeliest, surestLogProb } from './greedy-ctc.ts';
import { HotWordGraph } from './hot-word-graph.ts';

/** How widely is searched. */
export interface CtcSearch {
  /** Hypotheses kept from one position to the next. */
  readonly beam: number;
  /** Tokens tried at a position, the likeliest first, besides those that a phrase goes on with. */
  readonly tokens: number;
  /** What is less likely than the best by more than this, tokens of a position and hypotheses, is not followed: natural logarithm. */
  readonly reach: number;
}

/** Wide enough that what is kept beyond changes nothing; at a position where nothing else is likely only a blank is tried. */
export const USUAL_SEARCH: CtcSearch = { beam: 10, tokens: 16, reach: 10 };

/** Tokens on the way to a hypothesis, the last first. */
interface Path {
  readonly before: Path | null;
  readonly id: number;
  readonly begin: number;
  readonly end: number;
}

/** The best way to a hypothesis that ends with a blank, or with its last token. */
interface Way {
  readonly score: number;
  readonly path: Path | null;
}

const NO_WAY: Way = { score: Number.NEGATIVE_INFINITY, path: null };

/** What may have been said so far: the same sequence of tokens is the same object. */
class Prefix {
  readonly token: number;
  readonly state: number;
  /** What it has gained for good. */
  readonly gained: number;
  /** That, and what is given ahead. */
  readonly bonus: number;
  /** Made when there is one: most have none. */
  children: Map<number, Prefix> | null = null;
  blank = NO_WAY;
  spoken = NO_WAY;
  nextBlank = NO_WAY;
  nextSpoken = NO_WAY;

  constructor(token: number, state: number, gained: number, bonus: number) {
    this.token = token;
    this.state = state;
    this.gained = gained;
    this.bonus = bonus;
  }

  /** The better of the two ways. */
  get best(): Way {
    return this.blank.score >= this.spoken.score ? this.blank : this.spoken;
  }

  /** By which hypotheses are compared at the next position. */
  get nextRank(): number {
    return Math.max(this.nextBlank.score, this.nextSpoken.score) + this.bonus;
  }
}

/**
 * The sequence of tokens whose likeliest alignment, with the bonuses of the phrases in it, scores highest: prefix beam search for
 * connectionist temporal classification (Hannun et al. 2014, "First-Pass Large Vocabulary Continuous Speech Recognition using
 * Bi-Directional Recurrent DNNs"), with the likeliest alignment in place of their sum. So it is what `greedyCtc` finds where
 * there are no bonuses, and every token has its time. Scores need not be normalised, because every alignment has one score
 * of each position.
 * @param scores as `greedyCtc` has them, and the parameters up to `blank`.
 */
export function hotWordCtc(
  scores: Float32Array,
  vocabulary: number,
  from: number,
  count: number,
  blank: number,
  graph: HotWordGraph,
  search: CtcSearch = USUAL_SEARCH,
): readonly CtcToken[] {
  const root = new Prefix(-1, HotWordGraph.ROOT, 0, 0);
  root.blank = { score: 0, path: null };
  let hypotheses = [root];
  for (let position = 0; position < count; position++) {
    const row = (from + position) * vocabulary;
    const best = likeliest(scores, row, vocabulary);
    const least = scores[row + best]! - search.reach;
    const candidates = likeliestTokens(scores, row, vocabulary, { blank, least, most: search.tokens });
    if (best === blank && candidates.length === 0) {
      for (const each of hypotheses) [each.blank, each.spoken] = [each.best, NO_WAY];
      continue;
    }
    // What the best of them comes to at least: it goes on with the likeliest token, and loses what was given ahead.
    const floor = Math.max(...hypotheses.map((each) => each.best.score + each.gained)) - search.reach;
    const step = new Step(scores, row, position, { max: scores[row + best]!, floor }, graph);
    for (const each of hypotheses) step.extend(each, blank, candidates, least);
    hypotheses = step.survivors(search.beam);
  }
  const value = (each: Prefix) => each.best.score + each.gained + graph.gainAtEnd(each.state);
  const winner = hypotheses.reduce((a, b) => (value(b) > value(a) ? b : a));
  const tokens: CtcToken[] = [];
  for (let at = winner.best.path; at; at = at.before) {
    const { id, begin, end } = at;
    tokens.push({ id, begin, end, logProb: surestLogProb(scores, vocabulary, from, at) });
  }

  return tokens.reverse();
}

/** One position of the search. */
class Step {
  readonly #scores: Float32Array;
  readonly #row: number;
  readonly #position: number;
  readonly #max: number;
  readonly #floor: number;
  readonly #graph: HotWordGraph;
  readonly #reached = new Set<Prefix>();

  /** @param bounds the likeliest token's score, which others are compared with, and the least that a hypothesis may come to. */
  constructor(
    scores: Float32Array,
    row: number,
    position: number,
    { max, floor }: { readonly max: number; readonly floor: number },
    graph: HotWordGraph,
  ) {
    this.#scores = scores;
    this.#row = row;
    this.#position = position;
    this.#max = max;
    this.#floor = floor;
    this.#graph = graph;
  }

  /** @param least the score that a phrase's next token needs. */
  extend(from: Prefix, blank: number, candidates: readonly number[], least: number): void {
    const { best, spoken, token } = from;
    this.#reached.add(from);
    from.nextBlank = better(from.nextBlank, best.score + this.#score(blank), best.path);
    if (spoken.path) {
      const score = spoken.score + this.#score(token);
      if (score > from.nextSpoken.score)
        from.nextSpoken = { score, path: { ...spoken.path, end: this.#position + 1 } };
    }
    for (const next of candidates) this.#add(from, next);
    for (const next of this.#graph.continuations(from.state))
      if (this.#scores[this.#row + next]! >= least && !candidates.includes(next)) this.#add(from, next);
  }

  survivors(most: number): Prefix[] {
    const ranked = [...this.#reached].sort((a, b) => b.nextRank - a.nextRank);
    const kept = ranked.slice(0, most);
    for (const each of ranked) {
      [each.blank, each.spoken] = [each.nextBlank, each.nextSpoken];
      [each.nextBlank, each.nextSpoken] = [NO_WAY, NO_WAY];
    }

    return kept;
  }

  /** A token said again needs a blank between. */
  #add(from: Prefix, token: number): void {
    const way = token === from.token ? from.blank : from.best;
    if (way.score === Number.NEGATIVE_INFINITY) return;
    const score = way.score + this.#score(token);
    const state = this.#graph.next(from.state, token);
    const gained = from.gained + this.#graph.gain(from.state, token, state);
    const bonus = gained + this.#graph.ahead(state);
    if (score + bonus < this.#floor) return;
    from.children ??= new Map();
    let child = from.children.get(token);
    if (!child) {
      child = new Prefix(token, state, gained, bonus);
      from.children.set(token, child);
    }
    this.#reached.add(child);
    if (score <= child.nextSpoken.score) return;
    const { path } = way;
    child.nextSpoken = {
      score,
      path: { before: path, id: token, begin: this.#position, end: this.#position + 1 },
    };
  }

  #score(token: number): number {
    return this.#scores[this.#row + token]! - this.#max;
  }
}

function better(way: Way, score: number, path: Path | null): Way {
  return score > way.score ? { score, path } : way;
}

/** The best tokens of a row that are no blank and at least as likely as `least`, the likeliest first. */
function likeliestTokens(
  scores: Float32Array,
  row: number,
  vocabulary: number,
  { blank, least, most }: { readonly blank: number; readonly least: number; readonly most: number },
): readonly number[] {
  const found: number[] = [];
  let bound = least;
  const look = (at: number) => {
    const score = scores[at]!;
    if (score < bound || at - row === blank) return;
    let place = found.length;
    while (place > 0 && scores[row + found[place - 1]!]! < score) place--;
    if (place >= most) return;
    found.splice(place, 0, at - row);
    if (found.length > most) found.pop();
    if (found.length === most) bound = scores[row + found[most - 1]!]!;
  };
  const end = row + vocabulary;
  let at = row;
  // Eight at a time, as `likeliest` does.
  for (; at + 7 < end; at += 8) {
    if (
      scores[at]! >= bound ||
      scores[at + 1]! >= bound ||
      scores[at + 2]! >= bound ||
      scores[at + 3]! >= bound ||
      scores[at + 4]! >= bound ||
      scores[at + 5]! >= bound ||
      scores[at + 6]! >= bound ||
      scores[at + 7]! >= bound
    )
      for (let i = at; i < at + 8; i++) look(i);
  }
  for (; at < end; at++) look(at);

  return found;
}
