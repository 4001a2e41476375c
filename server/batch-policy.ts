import type { RecognizerCapabilities } from '../inference/recognizer.ts';
import { CostModel } from '../scheduler/cost-model.ts';
import type { JobKind } from '../scheduler/job-kind.ts';

/** A batch holds up what comes next: no longer than a tenth of what is left of a final's time after its silence. */
const MAX_BATCH_MS = 250;
/** Where nobody has spoken for a while, whose first caption may wait for a recording's batch: twice as long is cheaper by a tenth. */
const MAX_CALM_BATCH_MS = 500;
/** Twice as many go through 2 % faster, and the first of them waits twice as long for the last. */
const MAX_BATCH_SIZE = 8;

/** How segments of one model are batched on processors. What they cost is learned anew with each server. */
export function batchPolicy({ maxBatchSize }: RecognizerCapabilities): JobKind {
  return {
    maxBatchSize: Math.min(maxBatchSize, MAX_BATCH_SIZE),
    maxBatchMs: MAX_BATCH_MS,
    maxCalmBatchMs: MAX_CALM_BATCH_MS,
    costs: new CostModel(),
  };
}
