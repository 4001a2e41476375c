import { workerData } from 'node:worker_threads';
import { answerCalls } from '../sqlite/answer-calls.ts';
import { JobDatabase } from './job-database.ts';

/** What the thread is started with. */
export interface JobThreadData {
  readonly file: string;
}

const database = new JobDatabase((workerData as JobThreadData).file);

/** Until what was deleted is cleared from the journal, and between two tries: what comes meanwhile goes along. */
const CLEAN_AFTER_MS = 1000;
const RETRY_AFTER_MS = 10_000;
let cleaning: NodeJS.Timeout | null = null;

answerCalls(database, {
  done: () => {
    if (!cleaning) cleanAfter(CLEAN_AFTER_MS);
  },
  closed: () => {
    if (cleaning) clearTimeout(cleaning);
  },
});

function cleanAfter(ms: number): void {
  cleaning = setTimeout(() => {
    cleaning = null;
    try {
      if (!database.clean()) cleanAfter(RETRY_AFTER_MS);
    } catch {
      // The disk is full, say. Those who write are told.
      cleanAfter(RETRY_AFTER_MS);
    }
  }, ms);
}
