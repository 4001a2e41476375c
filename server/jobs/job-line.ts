import type { PriorityClass } from '../admission/priority-class.ts';
import type { Job } from './job.ts';
import type { Entry } from './job-ledger.ts';
import type { Place, Standing } from './job-queue.ts';
import type { Taken } from './queue-limits.ts';

/** What has to be known of a job in a line. */
export type LineJob = Pick<Job, 'id' | 'state' | 'class' | 'lengthMs' | 'progressMs' | 'submittedAtMs'>;

/** What can be told of all that have not finished. */
export interface LineUp extends Pick<Standing, 'queued' | 'running' | 'backlogMs'> {
  readonly places: ReadonlyMap<string, Place>;
  /** When the one was submitted that has waited longest; null for none. */
  readonly oldestMs: number | null;
}

/** Jobs that have not finished, in their order. */
export class JobLine {
  readonly #entries: Entry[] = [];
  #bytes = 0;
  /** As long as nothing changes. */
  #lineUp: LineUp | null = null;

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get taken(): Taken {
    return { jobs: this.#entries.length, bytes: this.#bytes };
  }

  /** What those of one key take. */
  takenBy(key: string): Taken {
    let [jobs, bytes] = [0, 0];
    for (const { stored } of this.#entries) {
      if (stored.job.key !== key) continue;
      jobs++;
      bytes += stored.job.bytes;
    }

    return { jobs, bytes };
  }

  /** As it has been told. */
  get lineUp(): LineUp {
    this.#lineUp ??= lineUp(this.#entries.map(({ told }) => told).filter((job) => job !== null));

    return this.#lineUp;
  }

  /** Something about one of them has been told. */
  changed(): void {
    this.#lineUp = null;
  }

  add(entry: Entry): void {
    const { rank } = entry.stored.tag;
    // The newest comes behind those of the same rank.
    let at = this.#entries.length;
    while (at > 0 && this.#entries[at - 1]!.stored.tag.rank > rank) at--;
    this.#entries.splice(at, 0, entry);
    this.#bytes += entry.stored.job.bytes;
    this.changed();
  }

  /** Idempotent. */
  remove(id: string): void {
    const at = this.#entries.findIndex(({ stored }) => stored.job.id === id);
    if (at < 0) return;
    this.#bytes -= this.#entries[at]!.stored.job.bytes;
    this.#entries.splice(at, 1);
    this.changed();
  }
}

/** @param jobs that have not finished, in their order. */
export function lineUp(jobs: Iterable<LineJob>): LineUp {
  const places = new Map<string, Place>();
  const queued: Record<PriorityClass, number> = { high: 0, standard: 0, low: 0 };
  let backlogMs = 0;
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const job of jobs) {
    places.set(job.id, { ahead: places.size, aheadMs: backlogMs });
    backlogMs += leftMs(job);
    if (job.state !== 'queued') continue;
    queued[job.class]++;
    oldestMs = Math.min(oldestMs, job.submittedAtMs);
  }
  const waiting = queued.high + queued.standard + queued.low;

  return {
    ...{ places, queued, backlogMs, running: places.size - waiting },
    oldestMs: waiting === 0 ? null : oldestMs,
  };
}

/** Audio that is not captioned yet. */
function leftMs({ lengthMs, progressMs }: LineJob): number {
  return Math.max(0, lengthMs - progressMs);
}
