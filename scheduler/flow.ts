import { Member, PRIORITIES } from './ring.ts';
import type { Admission, Job, Priority } from './scheduler.ts';

interface Queued<T> {
  readonly job: Job<T>;
  /** Of submission; a newer version has its older one's. */
  readonly order: number;
}

/** Jobs of one key that are in flight. */
interface Running {
  jobs: number;
  finals: number;
}

/** Before the order of any submission. */
const PUT_BACK = -1;

/** Counts over all flows, kept by the flows. */
export interface Tally {
  readonly queued: Record<Priority, number>;
  /** Those of them that may run now. */
  readonly ready: Record<Priority, number>;
}

/** A tally of nothing. */
export function newTally(): Tally {
  return {
    queued: { final: 0, candidate: 0, partial: 0, background: 0 },
    ready: { final: 0, candidate: 0, partial: 0, background: 0 },
  };
}

/**
 * One flow's jobs: what is queued, what of it may run now, and in what order. A candidate or partial is held back
 * while another version of its key is in flight, because it would mostly repeat that one's work.
 */
export class Flow<T> extends Member {
  readonly name: string;
  readonly #tally: Tally;
  /** What may run now, earliest due first. */
  readonly #ready: Readonly<Record<Priority, Queued<T>[]>> = {
    final: [],
    candidate: [],
    partial: [],
    background: [],
  };
  /** Candidates and partials by key, held back or not. */
  readonly #snapshots = new Map<string, Queued<T>>();
  readonly #running = new Map<string, Running>();
  #submissions = 0;

  constructor(name: string, tally: Tally) {
    super();
    this.name = name;
    this.#tally = tally;
  }

  /** Whether it has nothing queued and nothing running. */
  get idle(): boolean {
    return this.#running.size === 0 && this.#snapshots.size === 0 && this.#finals.length === 0;
  }

  /** Whether it has something that may run now. */
  get backlogged(): boolean {
    return PRIORITIES.some((priority) => this.#ready[priority].length > 0);
  }

  /** Queues a new job; a final only where there are fewer than `maxFinals`. */
  submit(job: Job<T>, maxFinals: number): Admission<T> {
    const older = this.#dropSnapshot(job.key);
    const replaced = older?.job ?? null;
    if (!isFinal(job)) this.#addSnapshot(job, older?.order ?? this.#submissions++);
    // Replaced even by a final that is refused: nobody waits for snapshots of a thing that has ended.
    else if (this.#finals.length >= maxFinals) return { accepted: false, replaced };
    else this.#addFinal(job, this.#submissions++);

    return { accepted: true, replaced };
  }

  /**
   * Queues a job again that was given out, unless it is a candidate or partial that has been overtaken. It was taken
   * before all that are queued now, so that it goes before those due at the same time.
   */
  putBack(job: Job<T>): boolean {
    if (isFinal(job)) {
      this.#addFinal(job, PUT_BACK);
      return true;
    }
    const { key } = job;
    const overtaken =
      this.#snapshots.has(key) ||
      (this.#running.get(key)?.finals ?? 0) > 0 ||
      this.#finals.some((queued) => queued.job.key === key);
    if (!overtaken) this.#addSnapshot(job, PUT_BACK);

    return !overtaken;
  }

  /** The next job of a priority that may run now. */
  head(priority: Priority): Job<T> | undefined {
    return this.#ready[priority][0]?.job;
  }

  /** Gives out the head of a priority, which there has to be. */
  take(priority: Priority): Job<T> {
    const { job } = this.#ready[priority][0]!;
    const running = this.#running.get(job.key) ?? { jobs: 0, finals: 0 };
    running.jobs++;
    if (isFinal(job)) {
      running.finals++;
      this.#ready[priority].shift();
      this.#tally.ready[priority]--;
      this.#tally.queued[priority]--;
    } else {
      this.#dropSnapshot(job.key);
    }
    this.#running.set(job.key, running);
    // None can be ready beside it but a late one beside its final.
    this.#holdBack(job.key);

    return job;
  }

  /** Says that a job given out is no longer in flight. */
  ended(job: Job<T>): void {
    const { key } = job;
    const running = this.#running.get(key);
    if (!running) return;
    running.jobs--;
    if (isFinal(job)) running.finals--;
    if (running.jobs > 0) return;
    this.#running.delete(key);
    const queued = this.#snapshots.get(key);
    if (queued) this.#insert(queued);
  }

  /** Everything queued, finals first. */
  jobs(): Job<T>[] {
    return [...this.#finals, ...this.#snapshots.values()].map(({ job }) => job);
  }

  /** Drops everything queued. */
  clear(): void {
    for (const key of [...this.#snapshots.keys()]) this.#dropSnapshot(key);
    for (const priority of ['final', 'background'] as const) {
      const finals = this.#ready[priority].splice(0).length;
      this.#tally.ready[priority] -= finals;
      this.#tally.queued[priority] -= finals;
    }
  }

  get #finals(): readonly Queued<T>[] {
    return [...this.#ready.final, ...this.#ready.background];
  }

  #addFinal(job: Job<T>, order: number): void {
    this.#tally.queued[job.priority]++;
    this.#insert({ job, order });
  }

  #addSnapshot(job: Job<T>, order: number): void {
    const queued = { job, order };
    this.#tally.queued[job.priority]++;
    this.#snapshots.set(job.key, queued);
    if (!this.#running.has(job.key)) this.#insert(queued);
  }

  #dropSnapshot(key: string): Queued<T> | undefined {
    const queued = this.#snapshots.get(key);
    if (!queued) return undefined;
    this.#holdBack(key);
    this.#snapshots.delete(key);
    this.#tally.queued[queued.job.priority]--;

    return queued;
  }

  /** Takes a key's candidate or partial from what may run now. */
  #holdBack(key: string): void {
    const queued = this.#snapshots.get(key);
    if (!queued) return;
    const { priority } = queued.job;
    const place = this.#ready[priority].indexOf(queued);
    if (place === -1) return;
    this.#ready[priority].splice(place, 1);
    this.#tally.ready[priority]--;
  }

  #insert(queued: Queued<T>): void {
    const { priority } = queued.job;
    const ready = this.#ready[priority];
    let place = ready.length;
    while (place > 0 && isBefore(queued, ready[place - 1]!)) place--;
    ready.splice(place, 0, queued);
    this.#tally.ready[priority]++;
  }
}

function isFinal({ priority }: Job<unknown>): boolean {
  return priority === 'final' || priority === 'background';
}

function isBefore<T>(a: Queued<T>, b: Queued<T>): boolean {
  const sooner = a.job.dueAtMs - b.job.dueAtMs;

  return sooner < 0 || (sooner === 0 && a.order < b.order);
}
