import { workerData } from 'node:worker_threads';
import { Silero } from '../silero/silero.ts';
import { joinPool } from './join-pool.ts';
import { type TaskOutcome, taskHandler } from './task-handler.ts';
import { readRequests, type VadTask, writeAnswers } from './vad-memory.ts';

/** What the voice activity thread is started with. */
export interface VadThreadData {
  /** Path of Silero's graph. */
  readonly file: string;
}

type Handler = (task: VadTask) => Promise<TaskOutcome<null>>;

async function start(): Promise<Handler> {
  joinPool();
  const { file } = workerData as VadThreadData;
  const silero = await Silero.load(file, 'cpu');

  return taskHandler(async (task: VadTask) => {
    writeAnswers(task, await silero.detect(readRequests(task)));

    return null;
  });
}

/** Piscina awaits this before it says that the thread has loaded. */
export default start();
