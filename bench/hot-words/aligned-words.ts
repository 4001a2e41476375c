/** A word that was said and the one heard for it; null where there is none on that side. */
export interface WordPair {
  readonly said: string | null;
  readonly heard: string | null;
}

/** Pairs words with the fewest errors (Levenshtein); of as good ways, the one with most words in pairs from the end on. */
export function alignWords(said: readonly string[], heard: readonly string[]): readonly WordPair[] {
  const width = heard.length + 1;
  const errors = new Int32Array((said.length + 1) * width);
  for (let j = 0; j < width; j++) errors[j] = j;
  for (let i = 1; i <= said.length; i++) {
    errors[i * width] = i;
    for (let j = 1; j < width; j++) {
      const swap = errors[(i - 1) * width + j - 1]! + (said[i - 1] === heard[j - 1] ? 0 : 1);
      errors[i * width + j] = Math.min(
        swap,
        errors[(i - 1) * width + j]! + 1,
        errors[i * width + j - 1]! + 1,
      );
    }
  }
  const pairs: WordPair[] = [];
  let i = said.length;
  let j = heard.length;
  while (i > 0 || j > 0) {
    const here = errors[i * width + j]!;
    const same = said[i - 1] === heard[j - 1] ? 0 : 1;
    if (i > 0 && j > 0 && here === errors[(i - 1) * width + j - 1]! + same) {
      pairs.push({ said: said[--i]!, heard: heard[--j]! });
    } else if (i > 0 && here === errors[(i - 1) * width + j]! + 1) {
      pairs.push({ said: said[--i]!, heard: null });
    } else {
      pairs.push({ said: null, heard: heard[--j]! });
    }
  }

  return pairs.reverse();
}
