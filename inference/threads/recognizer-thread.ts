import { workerData } from 'node:worker_threads';
import type { Device } from '../device.ts';
import { loadRecognizer, type RecognizerGraphs } from '../load-recognizer.ts';
import type { DecodeResult, Recognizer, SpeechSegment } from '../recognizer.ts';
import { Scratch } from '../scratch.ts';
import { joinPool, lowerPriority } from './join-pool.ts';
import { type PackedSegment, unpacked } from './packed-hot-words.ts';
import { type TaskOutcome, taskHandler } from './task-handler.ts';

/** What an inference thread is started with: all models on one device. */
export interface RecognizerThreadData {
  readonly models: readonly RecognizerGraphs[];
  readonly device: Device;
}

/** What it is asked to do. */
export interface RecognizerTask {
  /** The model's number. */
  readonly model: number;
  readonly batch: readonly PackedSegment[];
}

type Handler = (task: RecognizerTask) => Promise<TaskOutcome<DecodeResult>>;

async function start(): Promise<Handler> {
  joinPool();
  // Sockets and voice detection need little, and need it at once.
  lowerPriority();
  const { models, device } = workerData as RecognizerThreadData;
  const recognizers: Recognizer[] = [];
  // One after the other: loading takes more memory than being loaded does.
  for (const graphs of models) recognizers.push(await loadRecognizer(graphs, device));

  return taskHandler(({ model, batch }: RecognizerTask) => {
    SCRATCH.reclaim();

    return recognizers[model]!.decode(batch.map((segment) => inOwnMemory(unpacked(segment))));
  });
}

/** For the batch under way: the thread has one at a time. */
const SCRATCH = new Scratch();

/** On Node 20 onnxruntime-node takes no tensor in shared memory ("Invalid argument"); on 22.23 and 24 it does. */
function inOwnMemory(segment: SpeechSegment): SpeechSegment {
  if (!(segment.samples.buffer instanceof SharedArrayBuffer)) return segment;
  const samples = SCRATCH.lend(segment.samples.length);
  samples.set(segment.samples);

  return { ...segment, samples };
}

/** Piscina awaits this before it says that the thread has loaded. */
export default start();
