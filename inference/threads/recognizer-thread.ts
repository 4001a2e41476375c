import { workerData } from 'node:worker_threads';
import type { Device } from '../device.ts';
import { FallbackRecognizer, type Standing } from '../devices/fallback-recognizer.ts';
import { MAX_WARM_UP_MS, warmUpGpu } from '../devices/warm-up.ts';
import { loadRecognizer, type ModelGraphs, recognizerCapabilities } from '../load-recognizer.ts';
import type { DecodeResult, SpeechSegment } from '../recognizer.ts';
import { Scratch } from '../scratch.ts';
import { joinPool, lowerPriority } from './join-pool.ts';
import { type PackedSegment, unpacked } from './packed-hot-words.ts';
import { type TaskOutcome, taskHandler } from './task-handler.ts';

/** What an inference thread is started with: all models on one device. */
export interface RecognizerThreadData {
  readonly models: readonly ModelGraphs[];
  readonly device: Device;
  /** Number of its place in the pool. */
  readonly place: number;
  /** Why it is on the processor where a GPU was asked for; null where none was, or that is still to be seen. */
  readonly why: string | null;
}

/** What it is asked to do. */
export interface RecognizerTask {
  /** The model's number. */
  readonly model: number;
  readonly batch: readonly PackedSegment[];
}

/** A batch's answers, and where the models of the thread stand that gave them. */
export interface RecognizerAnswer extends DecodeResult {
  readonly place: number;
  /** By model. */
  readonly standings: readonly Standing[];
}

type Handler = (task: RecognizerTask) => Promise<TaskOutcome<RecognizerAnswer>>;

async function start(): Promise<Handler> {
  joinPool();
  // Sockets and voice detection need little, and need it at once.
  lowerPriority();
  const { models, device, place, why } = workerData as RecognizerThreadData;
  const recognizers: FallbackRecognizer[] = [];
  // One after the other: loading takes more memory than being loaded does.
  for (const { processor, gpu } of models) {
    const recognizer = await FallbackRecognizer.load({
      device,
      capabilities: recognizerCapabilities(device === 'cpu' ? processor : gpu),
      load: (where) => loadRecognizer(where === 'cpu' ? processor : gpu, where),
    });
    await warmUpGpu(recognizer, MAX_WARM_UP_MS / models.length);
    recognizers.push(recognizer);
  }
  const standings = () =>
    recognizers.map(({ standing }) => ({ runs: standing.runs, why: standing.why ?? why }));

  return taskHandler(async ({ model, batch }: RecognizerTask) => {
    SCRATCH.reclaim();
    const result = await recognizers[model]!.decode(batch.map((segment) => inOwnMemory(unpacked(segment))));

    return { ...result, place, standings: standings() };
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
