import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { JobFiles } from './job-files.ts';
import type { JobQueue } from './job-queue.ts';
import { isFinished } from './job-states.ts';

/** What a sweeper is made of. */
export interface FileSweeperParts {
  readonly files: Pick<JobFiles, 'sweep'>;
  readonly queue: Pick<JobQueue, 'find'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
}

const SWEEP_EVERY_MS = 300_000;

/** Deletes files of recordings that nobody needs any more: those that a kill has left behind, or a disk that failed. */
export class FileSweeper {
  readonly #parts: FileSweeperParts;
  #cancel: () => void = () => {};
  #isClosed = false;

  constructor(parts: FileSweeperParts) {
    this.#parts = parts;
  }

  /** Sweeps now, before this server takes any recording, and every few minutes from then on. Never throws. */
  async start(): Promise<void> {
    await this.#sweep(true);
    this.#sweepLater();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #sweepLater(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#parts.clock.after(SWEEP_EVERY_MS, () => {
      void this.#sweep(false).then(() => this.#sweepLater());
    });
  }

  /** Where the queue cannot tell now, it may the next time. */
  async #sweep(isFirst: boolean): Promise<void> {
    const { files, queue, clock, log } = this.#parts;
    const isNeeded = async (id: string) => {
      const job = await queue.find(id);

      return job !== null && !isFinished(job.state);
    };
    try {
      await files.sweep(isNeeded, clock.epochMs(), isFirst);
    } catch (err) {
      if (!this.#isClosed) log.warn({ err }, 'files of recordings that nobody needs could not be deleted');
    }
  }
}
