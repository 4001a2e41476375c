/** Titles that LibriSpeech spells out. */
const SPELLED_OUT: Readonly<Record<string, string>> = {
  mr: 'mister',
  mrs: 'missus',
  dr: 'doctor',
  st: 'saint',
};

/** Words as they are compared: lower case, without punctuation, titles spelled out. */
export function normalizeWords(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll('’', "'")
    .replaceAll(/[^\p{L}\p{N}' ]+/gu, ' ')
    .split(/\s+/)
    .map((word) => word.replaceAll(/^'+|'+$/g, ''))
    .filter((word) => word !== '')
    .map((word) => SPELLED_OUT[word] ?? word);
}

/** Errors and reference words, so that the rate over many clips is the sum of one over the sum of the other. */
export interface WordErrors {
  readonly errors: number;
  readonly words: number;
}

/** Fewest substitutions, insertions and deletions of words that make `hypothesis` of `reference` (Levenshtein). */
export function countWordErrors(reference: string, hypothesis: string): WordErrors {
  const wanted = normalizeWords(reference);
  const heard = normalizeWords(hypothesis);
  let row = Array.from({ length: heard.length + 1 }, (_, i) => i);
  for (const [i, word] of wanted.entries()) {
    const next = [i + 1];
    for (const [j, other] of heard.entries()) {
      next.push(Math.min(row[j]! + (word === other ? 0 : 1), row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }

  return { errors: row[heard.length]!, words: wanted.length };
}

/** The rate over several clips, in percent. */
export function wordErrorRate(clips: readonly WordErrors[]): number {
  const errors = clips.reduce((sum, clip) => sum + clip.errors, 0);
  const words = clips.reduce((sum, clip) => sum + clip.words, 0);

  return (100 * errors) / Math.max(1, words);
}
