import type { RecognizerCapabilities } from '../inference/recognizer.ts';
import type { ThreadedRecognizers } from '../inference/threads/threaded-recognizers.ts';
import { CostModel, GPU_LAW } from '../scheduler/cost-model.ts';
import type { FairSchedulerOptions } from '../scheduler/fair-scheduler.ts';
import type { Costs } from '../scheduler/forming-batch.ts';
import type { JobKind } from '../scheduler/job-kind.ts';
import type { Work } from '../scheduler/scheduler.ts';

/** A batch holds up what comes next: no longer than a tenth of what is left of a final's time after its silence. */
const MAX_BATCH_MS = 250;
/** Where nobody has spoken for a while, whose first caption may wait for a recording's batch: twice as long is cheaper by a tenth. */
const MAX_CALM_BATCH_MS = 500;
/** Twice as many go through 2 % faster, and the first of them waits twice as long for the last. */
const MAX_BATCH_SIZE = 8;

/**
 * A GPU takes little longer for many than for one. In the simulation (`npm run bench -- simulate`) 64 hold five times the streams
 * that 8 do where batches are nearly free.
 */
const MAX_GPU_BATCH_SIZE = 64;
/** Shorter segments are padded. In the simulation a ratio of 2 loses to one of 4 on large GPUs, and any length on small ones. */
const MAX_GPU_LENGTH_RATIO = 4;

/** What holds for the batches of a pool. */
export function batchPolicies({
  models,
  places,
}: Pick<ThreadedRecognizers, 'models' | 'places'>): Pick<
  FairSchedulerOptions,
  'kinds' | 'sorts' | 'sparesThread'
> {
  const kinds = models.map(batchPolicy);
  if (places.every(({ asked }) => asked === 'cpu')) return { kinds, sparesThread: places.length > 1 };
  const onGpus = models.map(gpuBatchPolicy);

  // Batches of GPUs are short: nobody who comes next waits long behind one of a recording.
  return { kinds: onGpus, sorts: [onGpus, kinds], sparesThread: false };
}

/** How segments of one model are batched on processors. What they cost is learned anew with each server. */
function batchPolicy({ maxBatchSize }: RecognizerCapabilities): JobKind {
  return {
    maxBatchSize: Math.min(maxBatchSize, MAX_BATCH_SIZE),
    maxBatchMs: MAX_BATCH_MS,
    maxCalmBatchMs: MAX_CALM_BATCH_MS,
    costs: new CostModel(),
  };
}

/** How they are batched on GPUs. */
function gpuBatchPolicy(model: RecognizerCapabilities): JobKind {
  return {
    ...batchPolicy(model),
    maxBatchSize: Math.min(model.maxBatchSize, MAX_GPU_BATCH_SIZE),
    maxLengthRatio: MAX_GPU_LENGTH_RATIO,
    costs: new UndraftedCosts(),
  };
}

/** Costs where a draft saves nothing: graphs for GPUs do all of their work anew. */
class UndraftedCosts implements Costs {
  readonly #model = new CostModel(GPU_LAW);

  predict(works: readonly Work[]): number {
    return this.#model.predict(works.map(whole));
  }

  learn(works: readonly Work[], tookMs: number): void {
    this.#model.learn(works.map(whole), tookMs);
  }
}

function whole({ size }: Work): Work {
  return { size, fresh: size };
}
