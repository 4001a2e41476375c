import type { GreedySequence } from '../greedy-sequence.ts';
import { END_TOKEN } from '../special-tokens.ts';
import { findLikenesses, type Likeness } from './alike.ts';
import type { Branch } from './branch-feeds.ts';
import { heardWords } from './heard-words.ts';
import type { ListedWord } from './hot-word-list.ts';
import { type Proposal, propose } from './proposals.ts';

/** Tells how likely each token of each branch of a hypothesis is: natural-log probabilities, in the order of both. */
export type Weigh = (branches: readonly Branch[]) => Promise<readonly (readonly number[])[]>;

/** Tokens behind a hot word that have to go with it: they tell a word from its beginning, and "Ponson" from "Ponsonby". */
const FOLLOWING_TOKENS = 2;
/** Tokens that are weighed for one hypothesis, as many as a draft guesses at once: in speech of 8 s there are 26. */
const MOST_TOKENS = 64;

/*
 * What a hot word is given ahead of what was heard, in natural logarithms. A logistic regression over 500 listed words
 * on 120 clips, as they are and with noise at 10 dB (LibriSpeech train-clean, LJSpeech, VCTK: 115 words to be mended
 * among 10,000 likenesses), rounded; 0.75 was added, because a false word mostly takes the place of another false one.
 */
const BONUS = 4;
/** For each piece of the word: a name of many is unlikely piece by piece. */
const PIECE_BONUS = 0.6;
/** For sounding otherwise: nothing for the same sounds, half of it for what is hardly alike. */
const DISTANCE_COST = 9.5;
/** Share of the model's doubt in what it heard there, and the most of it that counts. */
const DOUBT_BONUS = 1.5;
const MOST_DOUBT = 4;
/** Heavier words than this are forced wherever something sounds a little alike. */
const MOST_WEIGHT = 4;

/** Of 95 words that were mended, all but one had so much ahead; five of six likenesses have less. */
const LEAST_AHEAD = 3;

/** A proposal, its branch, and what speaks for it before the speech is asked. */
interface Candidate {
  readonly proposal: Proposal;
  readonly branch: Branch;
  readonly ahead: number;
}

/** Where a hot word is to stand, and how likely its tokens are. */
interface Mend {
  readonly proposal: Proposal;
  readonly logProbs: readonly number[];
  readonly score: number;
}

/**
 * Puts hot words where they were said and something else was heard. Stretches that sound like one are found in the
 * text; for each, the model says how likely the word and what follows it are, given the speech and what stands before,
 * which is set against what it said of its own choice. A word that is a little less likely wins: it is on the list.
 * @param sequence finished.
 * @returns whether anything was weighed.
 */
export async function mend(
  sequence: GreedySequence,
  words: readonly ListedWord[],
  weigh: Weigh,
): Promise<boolean> {
  const candidates = choose(sequence, words);
  if (candidates.length === 0) return false;
  const weighed = await weigh(candidates.map(({ branch }) => branch));
  const mends = candidates
    .map(({ proposal, ahead }, i) => judge(sequence, proposal, ahead, weighed[i]!))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
  const kept: Mend[] = [];
  for (const each of mends)
    if (!kept.some((other) => overlap(each.proposal, other.proposal))) kept.push(each);
  // From the last on, so that those before stay where they are.
  kept.sort((a, b) => b.proposal.from - a.proposal.from);
  for (const { proposal, logProbs } of kept) {
    sequence.replace(proposal.from, proposal.to, proposal.tokens, logProbs);
  }

  return true;
}

/** Those with the most that speaks for them, as many as may be weighed. */
function choose(sequence: GreedySequence, words: readonly ListedWord[]): readonly Candidate[] {
  const heard = heardWords(sequence.tokens);
  const likely = words
    .flatMap((word) => findLikenesses(word, heard))
    .map((likeness) => ({ likeness, ahead: ahead(sequence, likeness) }))
    .filter(({ likeness, ahead }) => ahead >= LEAST_AHEAD * Math.min(1, likeness.word.weight))
    .sort((a, b) => b.ahead - a.ahead);
  const chosen: Candidate[] = [];
  let tokens = 0;
  for (const { likeness, ahead } of likely) {
    const proposal = propose(likeness, sequence.tokens);
    if (proposal === null) continue;
    const branch = { from: proposal.from, tokens: [...proposal.tokens, ...following(sequence, proposal.to)] };
    tokens += branch.tokens.length;
    if (tokens > MOST_TOKENS) break;
    chosen.push({ proposal, branch, ahead });
  }

  return chosen;
}

/** What is said for a word by the list, by its sounds, and by the model's own doubt. */
function ahead({ logProbs }: GreedySequence, { word, from, to, distance }: Likeness): number {
  const listed = Math.min(word.weight, MOST_WEIGHT) * (BONUS + PIECE_BONUS * word.tokens.length);
  const doubt = Math.min(MOST_DOUBT, -sum(logProbs.slice(from, to)));

  return listed - DISTANCE_COST * distance + DOUBT_BONUS * doubt;
}

function judge(
  { logProbs }: GreedySequence,
  proposal: Proposal,
  ahead: number,
  weighed: readonly number[],
): Mend {
  const { from, to, tokens } = proposal;
  const heard = sum(logProbs.slice(from, to + weighed.length - tokens.length));

  return { proposal, logProbs: weighed.slice(0, tokens.length), score: ahead + sum(weighed) - heard };
}

/** Tokens from `to` on; the end mark counts as one where the model set it. */
function following(sequence: GreedySequence, to: number): readonly number[] {
  const { tokens, cut } = sequence;
  const all = cut === null ? [...tokens, END_TOKEN] : tokens;

  return all.slice(to, to + FOLLOWING_TOKENS);
}

function overlap(a: Proposal, b: Proposal): boolean {
  return a.from < b.to && b.from < a.to;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
