import { workerData } from 'node:worker_threads';
import { Silero } from '../silero/silero.ts';
import type { VadAnswer, VadRequest } from '../vad.ts';
import { joinPool } from './join-pool.ts';
import { type TaskOutcome, taskHandler } from './task-handler.ts';

/** What the voice activity thread is started with. */
export interface VadThreadData {
  /** Path of Silero's graph. */
  readonly file: string;
}

type Handler = (requests: readonly VadRequest[]) => Promise<TaskOutcome<readonly VadAnswer[]>>;

async function start(): Promise<Handler> {
  joinPool();
  const { file } = workerData as VadThreadData;
  const silero = await Silero.load(file, 'cpu');

  return taskHandler(async (requests: readonly VadRequest[]) => {
    const answers = await silero.detect(requests);

    // Plain objects: a class instance would lose its getters on the way to the other thread.
    return answers.map(({ probabilities, state }) => ({ probabilities, state }));
  });
}

/** Piscina awaits this before it says that the thread has loaded. */
export default start();
