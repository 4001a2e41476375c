import type { JobKind } from './job-kind.ts';
import type { Work } from './scheduler.ts';

/**
 * How long one thread would take for all of it: in full batches where those are quicker, else one by one. An
 * estimate, which knows nothing of classes and due times.
 * @param works by kind.
 * @returns milliseconds.
 */
export function predictBacklog(works: readonly (readonly Work[])[], kinds: readonly JobKind[]): number {
  return kinds.reduce((sum, kind, i) => sum + predictOfKind(works[i]!, kind), 0);
}

function predictOfKind(works: readonly Work[], { maxBatchSize, costs }: JobKind): number {
  let totalMs = 0;
  for (let i = 0; i < works.length; i += maxBatchSize) {
    const batch = works.slice(i, i + maxBatchSize);
    const aloneMs = batch.reduce((sum, work) => sum + costs.predict([work]), 0);
    totalMs += Math.min(aloneMs, costs.predict(batch));
  }

  return totalMs;
}

/**
 * How long a thread would take for work that threads of several sorts share, each at its pace.
 * @param bySortMs how long one of each sort would take for all of it.
 * @param threads how many there are of each sort.
 */
export function meanOverThreads(bySortMs: readonly number[], threads: readonly number[]): number {
  const sorts = bySortMs.flatMap((ms, sort) => (threads[sort] ? [{ ms, count: threads[sort] }] : []));
  const [first, ...others] = sorts;
  if (!first || others.length === 0 || first.ms === 0) return first?.ms ?? bySortMs[0]!;
  const count = sorts.reduce((sum, sort) => sum + sort.count, 0);

  return count / sorts.reduce((sum, sort) => sum + sort.count / sort.ms, 0);
}
