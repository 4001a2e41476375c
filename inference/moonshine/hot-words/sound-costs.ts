import { isVowel, SOUND_COUNT, soundNumber } from './sounds.ts';

/** Sounds that are easily taken for each other, and how far apart they are, 1 being any two consonants. */
const ALIKE: readonly (readonly [string, number])[] = [
  ['sz', 0.15],
  ['nN', 0.25],
  ['mn', 0.4],
  ['td', 0.3],
  ['pb', 0.3],
  ['kg', 0.3],
  ['fv', 0.3],
  ['Tf', 0.4],
  ['Tt', 0.4],
  ['Td', 0.4],
  ['Ts', 0.5],
  ['TC', 0.7],
  ['CJ', 0.3],
  ['CS', 0.35],
  ['SJ', 0.35],
  ['sS', 0.35],
  ['zS', 0.35],
  ['zJ', 0.4],
  ['sC', 0.5],
  ['tC', 0.5],
  ['dJ', 0.5],
  // Spelled alike.
  ['kC', 0.4],
  ['gJ', 0.3],
  ['ks', 0.6],
  ['bv', 0.5],
  ['vw', 0.4],
  ['fw', 0.7],
  ['lr', 0.5],
  ['rw', 0.5],
  ['lw', 0.6],
  ['kh', 0.6],
  ['gN', 0.5],
  ['Jy', 0.4],
  ['iy', 0.2],
  ['uw', 0.2],
  ['ow', 0.4],
  ['ae', 0.15],
  ['ei', 0.15],
  ['ao', 0.15],
  ['ou', 0.15],
  ['au', 0.2],
];
const OTHER_VOWEL = 0.25;
const OTHER_CONSONANT = 1;
const VOWEL_AND_CONSONANT = 1.2;

const SKIPPED_VOWEL = 0.3;
const SKIPPED_CONSONANT = 0.8;
/** Sounds that come and go. */
const SKIPPED: Readonly<Record<string, number>> = { h: 0.3, r: 0.5, w: 0.4, y: 0.3, g: 0.7, t: 0.6, d: 0.6 };

/** What it costs to hear sound `a` as sound `b`, at `[a * SOUND_COUNT + b]`. */
export const SWAP_COSTS: Float32Array = swapCosts();

/** What it costs to leave a sound out, or to hear one that is not there. */
export const SKIP_COSTS: Float32Array = Float32Array.from({ length: SOUND_COUNT }, (_, sound) =>
  isVowel(sound) ? SKIPPED_VOWEL : SKIPPED_CONSONANT,
);
for (const [sound, cost] of Object.entries(SKIPPED)) SKIP_COSTS[soundNumber(sound)] = cost;

function swapCosts(): Float32Array {
  const costs = Float32Array.from({ length: SOUND_COUNT * SOUND_COUNT }, (_, at) => {
    const a = Math.floor(at / SOUND_COUNT);
    const b = at % SOUND_COUNT;
    if (a === b) return 0;
    if (isVowel(a) !== isVowel(b)) return VOWEL_AND_CONSONANT;

    return isVowel(a) ? OTHER_VOWEL : OTHER_CONSONANT;
  });
  for (const [pair, cost] of ALIKE) {
    const [a, b] = [...pair].map(soundNumber) as [number, number];
    costs[a * SOUND_COUNT + b] = cost;
    costs[b * SOUND_COUNT + a] = cost;
  }

  return costs;
}
