import type { DevicePlace } from '../../inference/threads/threaded-recognizers.ts';
import type { Logger } from '../log.ts';

/** Says in the log where a thread runs now that was asked for on a GPU. */
export function noteMove({ asked, runs, why }: DevicePlace, log: Logger): void {
  if (why === null) log.info({ asked, runs }, 'a thread is back on its GPU');
  else
    log.warn({ asked, runs, why }, `a thread that was asked for on ${asked} runs on the processor: ${why}`);
}
