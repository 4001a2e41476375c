import type { HeardWords } from './heard-words.ts';
import type { ListedWord } from './hot-word-list.ts';
import { SKIP_COSTS, SWAP_COSTS } from './sound-costs.ts';
import { SOUND_COUNT, type Sounds } from './sounds.ts';

/** A stretch of what was heard that sounds like a hot word. */
export interface Likeness {
  readonly word: ListedWord;
  /** Tokens `[from, to)`. */
  readonly from: number;
  readonly to: number;
  /** 0 for the same sounds; 1 when nothing of the word is there. */
  readonly distance: number;
}

/** Stretches for one word: the best may be a syllable too long or too short. */
const STRETCHES_PER_WORD = 3;
/** Farther ones are so seldom the word that they only take the place of nearer ones: 0.7 mends no more. */
const MAX_DISTANCE = 0.6;

/** Memory of a search, used again by the next. */
let costs = new Float32Array(0);
let begins = new Int16Array(0);

/**
 * Where a word may have been said: whole words that its sounds can be made of at the least cost. One pass finds the
 * cheapest stretch for each end of a word (P. Sellers, "The theory and computation of evolutionary distances: pattern
 * recognition", 1980), which here begins where a word begins.
 */
export function findLikenesses(word: ListedWord, heard: HeardWords): readonly Likeness[] {
  return word.pronunciations
    .flatMap((sounds) => search(word, sounds, heard))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, STRETCHES_PER_WORD);
}

function search(word: ListedWord, sounds: Sounds, { sounds: text, starts, ends }: HeardWords): Likeness[] {
  const whole = sounds.reduce((sum, sound) => sum + SKIP_COSTS[sound]!, 0);
  const most = whole * MAX_DISTANCE;
  if (costs.length <= text.length) {
    costs = new Float32Array(2 * text.length + 1);
    begins = new Int16Array(2 * text.length + 1);
  }
  let before = Number.POSITIVE_INFINITY;
  for (let j = 0; j <= text.length; j++) {
    // Sounds of a stretch that come before the word's first are in its cost, too.
    before = j === 0 ? before : before + SKIP_COSTS[text[j - 1]!]!;
    if (starts[j]! >= 0) before = 0;
    costs[j] = before;
    begins[j] = starts[j]! >= 0 ? j : j === 0 ? -1 : begins[j - 1]!;
  }
  for (const sound of sounds) if (nextRow(sound, text) > most) return [];
  const found: Likeness[] = [];
  for (let j = 1; j <= text.length; j++) {
    if (ends[j]! < 0 || costs[j]! > most || begins[j] === j) continue;
    found.push({ word, from: starts[begins[j]!]!, to: ends[j]!, distance: costs[j]! / whole });
  }

  return found;
}

/** Works one more sound of a word into `costs`. @returns the least of them. */
function nextRow(sound: number, text: Sounds): number {
  const swaps = sound * SOUND_COUNT;
  const skip = SKIP_COSTS[sound]!;
  let diagonal = costs[0]!;
  let diagonalBegin = begins[0]!;
  costs[0] = diagonal + skip;
  let least = costs[0];
  for (let j = 1; j < text.length + 1; j++) {
    const heard = text[j - 1]!;
    const above = costs[j]!;
    const aboveBegin = begins[j]!;
    let best = diagonal + SWAP_COSTS[swaps + heard]!;
    let begin = diagonalBegin;
    if (above + skip < best) {
      best = above + skip;
      begin = aboveBegin;
    }
    const left = costs[j - 1]! + SKIP_COSTS[heard]!;
    if (left < best) {
      best = left;
      begin = begins[j - 1]!;
    }
    costs[j] = best;
    begins[j] = begin;
    if (best < least) least = best;
    diagonal = above;
    diagonalBegin = aboveBegin;
  }

  return least;
}
