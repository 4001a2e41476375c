import { workerData } from 'node:worker_threads';
import type { Device } from '../device.ts';
import { Moonshine, type MoonshineFiles } from '../moonshine/moonshine.ts';
import type { DecodeResult, SpeechSegment } from '../recognizer.ts';
import { type TaskOutcome, taskHandler } from './thread-pool.ts';

/** What an inference thread is started with: one model set on one device. */
export interface RecognizerThreadData {
  readonly files: MoonshineFiles;
  readonly device: Device;
}

type Handler = (batch: readonly SpeechSegment[]) => Promise<TaskOutcome<DecodeResult>>;

async function start(): Promise<Handler> {
  const { files, device } = workerData as RecognizerThreadData;
  const model = await Moonshine.load(files, device);

  return taskHandler((batch: readonly SpeechSegment[]) => model.decode(batch));
}

/** Piscina awaits this before the first task, so a thread that cannot load its model fails its first task. */
export default start();
