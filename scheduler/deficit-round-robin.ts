import type { Admission, Batch, Job, Scheduler } from './scheduler.ts';

export interface DeficitRoundRobinOptions {
  /** Cost a flow may spend in one round; about that of a common job, so that most rounds serve everyone once. */
  readonly quantum: number;
  /** Most jobs in a batch. */
  readonly maxBatchSize: number;
  /** Most finals one flow may have queued. Partials need no bound of their own: there is one for each key. */
  readonly maxFinalsPerFlow: number;
}

type Priority = Job<unknown>['priority'];

interface Flow<T> {
  readonly name: string;
  readonly finals: Job<T>[];
  /** By key, in the order of arrival. */
  readonly partials: Map<string, Job<T>>;
  /** Above 0: saved up while backlogged. Below 0: owed for a place in another flow's batch. */
  deficit: number;
}

/**
 * Deficit round robin (Shreedhar and Varghese, "Efficient fair queuing using deficit round robin", 1995) over flows,
 * finals before partials. A flow's turn comes when it has saved up its next job's cost, so a flow of long jobs waits
 * longer than one of short jobs and none waits forever. A batch starts with the job whose turn it is and is filled
 * with others' next jobs of the same class; those flows pay by going into debt.
 *
 * Work-conserving: while there is an eligible job, schedule() returns one.
 */
export class DeficitRoundRobin<T> implements Scheduler<T> {
  readonly #options: DeficitRoundRobinOptions;
  /** In the order of their turns: the first one is next. */
  readonly #flows = new Map<string, Flow<T>>();
  /** Keys with a job in flight: a partial would only repeat the work. */
  readonly #inFlight = new Map<string, number>();
  #finals = 0;
  #partials = 0;

  constructor(options: DeficitRoundRobinOptions) {
    this.#options = options;
  }

  get queued(): { readonly final: number; readonly partial: number } {
    return { final: this.#finals, partial: this.#partials };
  }

  submit(job: Job<T>): Admission<T> {
    const flow = this.#flows.get(job.flow) ?? this.#addFlow(job.flow);
    const replaced = flow.partials.get(job.key) ?? null;
    if (job.priority === 'final') {
      // Replaced even by a final that is refused: nobody waits for snapshots of a segment that has ended.
      flow.partials.delete(job.key);
      if (replaced) this.#partials--;
      if (flow.finals.length >= this.#options.maxFinalsPerFlow) return { accepted: false, replaced };
      flow.finals.push(job);
      this.#finals++;
    } else {
      // Set in place: a newer version keeps its older one's turn.
      flow.partials.set(job.key, job);
      if (!replaced) this.#partials++;
    }

    return { accepted: true, replaced };
  }

  schedule(_nowMs: number): Batch<T> | null {
    return this.#form('final') ?? this.#form('partial');
  }

  complete(batch: Batch<T>): void {
    for (const { flow, key } of batch.jobs) {
      const id = inFlightId(flow, key);
      const left = (this.#inFlight.get(id) ?? 0) - 1;
      if (left > 0) this.#inFlight.set(id, left);
      else this.#inFlight.delete(id);
    }
  }

  cancel(name: string): readonly Job<T>[] {
    const flow = this.#flows.get(name);
    if (!flow) return [];
    this.#flows.delete(name);
    this.#finals -= flow.finals.length;
    this.#partials -= flow.partials.size;

    return [...flow.finals, ...flow.partials.values()];
  }

  /** Always null: the discipline never holds work back, so only an event can change its answer. */
  nextWakeUp(_nowMs: number): number | null {
    return null;
  }

  #addFlow(name: string): Flow<T> {
    const flow: Flow<T> = { name, finals: [], partials: new Map(), deficit: 0 };
    this.#flows.set(name, flow);

    return flow;
  }

  #form(priority: Priority): Batch<T> | null {
    const candidates: { readonly flow: Flow<T>; readonly job: Job<T> }[] = [];
    for (const flow of this.#flows.values()) {
      const job = this.#head(flow, priority);
      if (job) candidates.push({ flow, job });
    }
    if (candidates.length === 0) return null;
    const first = this.#turn(candidates);
    const jobs = [this.#take(first.flow, first.job)];
    this.#fill(jobs, priority);

    return { jobs, cost: jobs.reduce((sum, job) => sum + job.cost, 0) };
  }

  /** Lets as many rounds pass as it takes until some candidate has saved up enough, and returns the first such. */
  #turn(candidates: readonly { readonly flow: Flow<T>; readonly job: Job<T> }[]) {
    const { quantum } = this.#options;
    const roundsLeft = ({ flow, job }: { flow: Flow<T>; job: Job<T> }) =>
      Math.max(0, Math.ceil((job.cost - flow.deficit) / quantum));
    const rounds = candidates.reduce(
      (least, candidate) => Math.min(least, roundsLeft(candidate)),
      Number.POSITIVE_INFINITY,
    );
    for (const { flow } of candidates) flow.deficit += rounds * quantum;

    return candidates.find(({ flow, job }) => flow.deficit >= job.cost) ?? candidates[0]!;
  }

  /** Adds jobs of the first one's class, one from each flow in turn, until the batch is full or none is left. */
  #fill(jobs: Job<T>[], priority: Priority): void {
    const { batchClass } = jobs[0]!;
    const maxDebt = this.#options.quantum * this.#options.maxBatchSize;
    for (let before = 0; before < jobs.length; ) {
      before = jobs.length;
      for (const flow of [...this.#flows.values()]) {
        if (jobs.length >= this.#options.maxBatchSize) return;
        const job = this.#head(flow, priority);
        if (job?.batchClass === batchClass && flow.deficit > -maxDebt) jobs.push(this.#take(flow, job));
      }
    }
  }

  /** A flow's next job of a priority that may run now. */
  #head(flow: Flow<T>, priority: Priority): Job<T> | undefined {
    if (priority === 'final') return flow.finals[0];
    for (const job of flow.partials.values()) {
      if (!this.#inFlight.has(inFlightId(job.flow, job.key))) return job;
    }

    return undefined;
  }

  #take(flow: Flow<T>, job: Job<T>): Job<T> {
    if (job.priority === 'final') {
      flow.finals.shift();
      this.#finals--;
    } else {
      flow.partials.delete(job.key);
      this.#partials--;
    }
    flow.deficit -= job.cost;
    // Credit is only for waiting: it ends with the backlog. Debt stays.
    if (flow.finals.length === 0 && flow.partials.size === 0) flow.deficit = Math.min(flow.deficit, 0);
    this.#flows.delete(flow.name);
    this.#flows.set(flow.name, flow);
    const id = inFlightId(job.flow, job.key);
    this.#inFlight.set(id, (this.#inFlight.get(id) ?? 0) + 1);

    return job;
  }
}

function inFlightId(flow: string, key: string): string {
  return `${flow}\n${key}`;
}
