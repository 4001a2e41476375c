import { DatabaseThread } from '../sqlite/database-thread.ts';
import type { JobDatabase } from './job-database.ts';
import type { JobResult } from './job-queue.ts';
import type { JobChange, JobStorage, StoredJob } from './job-storage.ts';
import type { JobThreadData } from './job-storage-thread.ts';

/** Jobs in a SQLite file, on a thread of its own: other files of the data folder have theirs to wait for. */
export class SqliteJobStorage implements JobStorage {
  readonly maxFinished = 10_000;
  readonly #database: DatabaseThread<JobDatabase>;

  /** @param workerUrl the compiled module of the thread. @param file made if need be; its folder has to be there. */
  constructor(workerUrl: URL, file: string) {
    const workerData: JobThreadData = { file };
    this.#database = new DatabaseThread({ workerUrl, workerData, name: 'queue' });
  }

  load(): Promise<readonly StoredJob[]> {
    return this.#database.ask('load');
  }

  write(changes: readonly JobChange[]): Promise<void> {
    return this.#database.ask('write', changes);
  }

  result(id: string): Promise<JobResult | null> {
    return this.#database.ask('result', id);
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}
