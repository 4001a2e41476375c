import type { Costs } from './forming-batch.ts';
import type { Work } from './scheduler.ts';

/**
 * How long one thread would take for all of it: in full batches where those are quicker, else one by one. An
 * estimate, which knows nothing of classes and due times.
 * @param works of one kind.
 * @returns milliseconds.
 */
export function predictBacklog(works: readonly Work[], maxBatchSize: number, costs: Costs): number {
  let totalMs = 0;
  for (let i = 0; i < works.length; i += maxBatchSize) {
    const batch = works.slice(i, i + maxBatchSize);
    const aloneMs = batch.reduce((sum, work) => sum + costs.predict([work]), 0);
    totalMs += Math.min(aloneMs, costs.predict(batch));
  }

  return totalMs;
}
