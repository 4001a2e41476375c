import type { ScriptedRecognizerOptions } from '../../inference/doubles/scripted-recognizer.ts';
import type { RecognizerCapabilities } from '../../inference/recognizer.ts';
import { CostModel } from '../../scheduler/cost-model.ts';
import { FairScheduler } from '../../scheduler/fair-scheduler.ts';
import {
  type BatchReport,
  type DecodeJob,
  type DecodeRequest,
  type DecodeTiming,
  Dispatcher,
} from '../../server/stream/dispatcher.ts';
import { GatedRecognizer } from './gated-recognizer.ts';
import { ManualClock } from './manual-clock.ts';
import { poolOf } from './recognizer-pools.ts';

/** A fair scheduler that takes two finals of a stream, in batches as long as they get. */
export function fairScheduler(maxFinalsPerFlow = 2, models = 1): FairScheduler<DecodeRequest> {
  return new FairScheduler<DecodeRequest>({
    kinds: Array.from({ length: models }, () => ({
      ...{ maxBatchSize: 8, maxBatchMs: 60_000, costs: new CostModel() },
    })),
    maxFinalsPerFlow,
    maxLeadMs: 60_000,
  });
}

/** Least time before a batch is taken for hung. */
export const HANG_TIMEOUT_MS = 1000;

/** A dispatcher on a gated recogniser, and what it told. */
export function setUpDispatcher(
  capabilities: Partial<RecognizerCapabilities> = {},
  script?: ScriptedRecognizerOptions['script'],
) {
  const clock = new ManualClock();
  const recognizer = new GatedRecognizer(capabilities, script);
  /** A second model on the same thread. */
  const second = new GatedRecognizer(capabilities, script);
  const reports: (BatchReport & { readonly priority: string })[] = [];
  const failures: string[] = [];
  const givenUp = { count: 0 };
  /** In short: `flow: text`, or `flow: failed`. */
  const told: string[] = [];
  const timings: DecodeTiming[] = [];
  /** Flows whose audio was cut, in their order. */
  const taken: string[] = [];
  const observer = {
    decoded: (priority: string, report: BatchReport) => reports.push({ priority, ...report }),
    failed: (reason: string) => failures.push(reason),
    gaveUp: () => givenUp.count++,
  };
  const options = { hangTimeoutMs: HANG_TIMEOUT_MS };
  const pool = poolOf(recognizer, second);
  const dispatcher = new Dispatcher(fairScheduler(2, 2), pool, clock, options, observer);
  /** Submits a request for so many samples, a final of segment 0 unless told otherwise. */
  const submit = (flow: string, samples: number, more: Partial<DecodeJob> = {}) => {
    const ms = samples / 16;

    return dispatcher.submit({
      group: `meeting of ${flow}`,
      flow,
      key: '0',
      priority: 'final',
      model: 0,
      weight: 1,
      dueAtMs: 1200,
      samples,
      request: {
        isFinal: () => (more.priority ?? 'final') === 'final',
        work: () => ({ size: ms, fresh: ms }),
        take: (lend) => {
          taken.push(flow);

          return { samples: lend(samples), language: null };
        },
        succeeded: ({ text }, timing) => {
          told.push(`${flow}: ${text}`);
          timings.push(timing);
        },
        putBack: () => {},
        failed: () => told.push(`${flow}: failed`),
      },
      ...more,
    });
  };

  return { clock, recognizer, second, dispatcher, submit, reports, failures, givenUp, told, timings, taken };
}
