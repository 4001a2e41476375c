import { workerData } from 'node:worker_threads';
import type { Device } from '../device.ts';
import { loadRecognizer, type RecognizerGraphs } from '../load-recognizer.ts';
import type { DecodeResult, SpeechSegment } from '../recognizer.ts';
import { Scratch } from '../scratch.ts';
import { joinPool, lowerPriority } from './join-pool.ts';
import { type PackedSegment, unpacked } from './packed-hot-words.ts';
import { type TaskOutcome, taskHandler } from './task-handler.ts';

/** What an inference thread is started with: one model set on one device. */
export interface RecognizerThreadData {
  readonly graphs: RecognizerGraphs;
  readonly device: Device;
}

type Handler = (batch: readonly PackedSegment[]) => Promise<TaskOutcome<DecodeResult>>;

async function start(): Promise<Handler> {
  joinPool();
  // Sockets and voice detection need little, and need it at once.
  lowerPriority();
  const { graphs, device } = workerData as RecognizerThreadData;
  const model = await loadRecognizer(graphs, device);

  return taskHandler((batch: readonly PackedSegment[]) => {
    SCRATCH.reclaim();

    return model.decode(batch.map((segment) => inOwnMemory(unpacked(segment))));
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
