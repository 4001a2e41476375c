/**
 * What a segment's last hypothesis says beyond its final: the words behind a cut, which are the first of the next
 * segment. The final is (nearly) a prefix of that hypothesis; it ends where the prefix least unlike it ends, by edit
 * distance (Sellers, "The theory and computation of evolutionary distances", 1980). Of several such the shortest: a
 * draft that begins too early is found back into sooner than one that begins too late.
 *
 * @param hypothesis tokens heard in the segment and beyond; at most a few hundred, as of `final`: the work is their
 * product.
 * @param final tokens of the segment as it was cut.
 */
export function carriedDraft(hypothesis: readonly number[], final: readonly number[]): readonly number[] {
  /** Edits between the final so far and each prefix of the hypothesis. */
  let edits = Array.from({ length: hypothesis.length + 1 }, (_, prefix) => prefix);
  for (const token of final) {
    const next = [edits[0]! + 1];
    for (const [i, heard] of hypothesis.entries()) {
      const replaced = edits[i]! + (heard === token ? 0 : 1);
      next.push(Math.min(replaced, edits[i + 1]! + 1, next[i]! + 1));
    }
    edits = next;
  }

  return hypothesis.slice(edits.indexOf(Math.min(...edits)));
}
