import { Flow, newTally } from './flow.ts';
import { type Costs, FormingBatch } from './forming-batch.ts';
import type { JobKind } from './job-kind.ts';
import { meanOverThreads, predictBacklog } from './predict-backlog.ts';
import { Member, PRIORITIES, Ring } from './ring.ts';
import type { Admission, Backlog, Batch, Job, Priority, Scheduler, Work } from './scheduler.ts';

export interface FairSchedulerOptions {
  /** What holds for each kind of job, by its number. */
  readonly kinds: readonly JobKind[];
  /** The same for each sort of thread, by its number, where there are several; then `kinds` is what holds for the first. */
  readonly sorts?: readonly (readonly JobKind[])[];
  /**
   * Whether background leaves the last idle thread alone while others have had something to do within some seconds, so that
   * who comes next need not wait for it: for where there are several. False when left out.
   */
  readonly sparesThread?: boolean;
  /** Most finals one flow may have queued. The rest needs no bound of its own: there is one job for each key. */
  readonly maxFinalsPerFlow: number;
  /**
   * How far a group, or a flow among its siblings, may be ahead of the others, in milliseconds of cost over weight,
   * and still have its finals and candidates go before their partials. 0 is strict fairness.
   */
  readonly maxLeadMs: number;
}

/** Flows that share what their group gets. */
class Group<T> extends Member {
  readonly name: string;
  readonly flows: Ring<Flow<T>>;

  constructor(name: string, maxLeadMs: number) {
    super();
    this.name = name;
    this.flows = new Ring(maxLeadMs);
  }
}

/** A flow and the group it is in. */
interface Seat<T> {
  readonly flow: Flow<T>;
  readonly group: Group<T>;
}

/** A job's part in a batch. */
interface Part<T> {
  readonly job: Job<T>;
  readonly seat: Seat<T>;
  /** What it was charged for so far, before its weight. */
  readonly costMs: number;
}

/** A batch that has been given out. */
interface Running<T> {
  readonly parts: readonly Part<T>[];
  /** Where it runs. */
  readonly costs: Costs;
}

/** Jobs looked at in vain before a batch goes as it is: bounds the time that forming one takes. */
const MAX_MISSES = 64;
/**
 * After so many batches of several jobs of a kind in a row a candidate or partial goes alone. If all batches were full,
 * nothing would tell what they save.
 */
const BATCHES_TO_A_PROBE = 32;
/** Time without any other job than background after which none is expected at once. */
const CALM_AFTER_MS = 10_000;
/**
 * Background that has waited so long has one job given out, whoever else waits: a few hundredths of what there is, and
 * recordings still get on while there is never a thread to spare.
 */
const MAX_BACKGROUND_WAIT_MS = 5000;

/**
 * Start-time fair queueing on two levels: among groups, and among the flows of each (see `Ring`). A job is charged
 * its predicted cost when it is given out, and the difference to what it really took when that is known, so that a
 * wrong prediction costs nobody a share. The cost of a batch is split by what its jobs would cost alone.
 *
 * Finals go before candidates and those before partials, over all groups, as long as their group and flow are not far
 * ahead. Within a flow the job that is due first goes first. A batch starts with the job whose turn it is, and takes
 * in others' next jobs in the order of their priorities and turns, while that saves time and makes nobody late.
 *
 * Work-conserving, unless it spares a thread: while there is a job that may run, schedule() returns one. Forming a
 * batch takes time in the logarithm of the groups and flows that have jobs; those that have none are forgotten.
 */
export class FairScheduler<T> implements Scheduler<T> {
  readonly #options: FairSchedulerOptions;
  readonly #groups: Ring<Group<T>>;
  /** Those that are not forgotten, by name. */
  readonly #groupsByName = new Map<string, Group<T>>();
  readonly #seats = new Map<string, Seat<T>>();
  readonly #running = new Map<Batch<T>, Running<T>>();
  readonly #tally = newTally();
  /** By kind. */
  readonly #batchesSinceSingle: number[];
  /** When a job was given out last that was not background. */
  #busyAtMs = Number.NEGATIVE_INFINITY;
  /** Since when there has been background, and none given out; null while there is none. */
  #backgroundSinceMs: number | null = null;

  constructor(options: FairSchedulerOptions) {
    this.#options = options;
    this.#groups = new Ring(options.maxLeadMs);
    this.#batchesSinceSingle = options.kinds.map(() => 0);
  }

  get queued(): Readonly<Record<Priority, number>> {
    return { ...this.#tally.queued };
  }

  /** Flows it keeps something of: those with jobs, and those that had more than their share of late. */
  get knownFlows(): number {
    return this.#seats.size;
  }

  submit(job: Job<T>): Admission<T> {
    const seat = this.#seatOf(job);
    const admission = seat.flow.submit(job, this.#options.maxFinalsPerFlow);
    this.#settle(seat);

    return admission;
  }

  putBack(job: Job<T>): boolean {
    const seat = this.#seatOf(job);
    const taken = seat.flow.putBack(job);
    this.#settle(seat);

    return taken;
  }

  schedule(nowMs: number, idle: number, sortOf: (kind: number) => number = () => 0): Batch<T> | null {
    const urgent = PRIORITIES.find((priority) => this.#groups.first(priority));
    if (!urgent) return null;
    const others = this.#hasOthers();
    if (others) this.#busyAtMs = nowMs;
    const isCalm = nowMs - this.#busyAtMs > CALM_AFTER_MS;
    const isOverdue = this.#isBackgroundOverdue(nowMs) && !isCalm;
    const first = isOverdue ? 'background' : urgent;
    // Others that are far ahead do not make it wait: it is the one whose turn it is.
    const isSpared = this.#options.sparesThread && idle <= 1 && !isCalm && !isOverdue && !others;
    if (first === 'background' && isSpared) return null;
    // Whoever's turn it is decides which kind the batch is of.
    const { kind } = this.#groups.first(first)!.flows.first(first)!.head(first)!;
    const rules = (this.#sorts[sortOf(kind)] ?? this.#options.kinds)[kind]!;
    const { maxBatchMs, maxCalmBatchMs = maxBatchMs, costs } = rules;
    const forming = new FormingBatch<T>(costs, {
      maxSize: isOverdue ? 1 : this.#maxSize(kind, rules, first, idle),
      maxMs: isCalm ? maxCalmBatchMs : maxBatchMs,
      nowMs,
      maxLengthRatio: rules.maxLengthRatio ?? Number.POSITIVE_INFINITY,
    });
    const parts = joining(first).flatMap((priority) => this.#fill(forming, priority));
    const { jobs, works, costMs } = forming;
    const slowestMs = Math.max(costMs, ...this.#sorts.map((kinds) => kinds[kind]!.costs.predict(works)));
    const batch = { kind, jobs, works, costMs, slowestMs };
    this.#running.set(batch, { parts: this.#charge(parts, costMs), costs });
    this.#batchesSinceSingle[kind] = jobs.length > 1 ? this.#batchesSinceSingle[kind]! + 1 : 0;
    if (first === 'background') this.#backgroundSinceMs = this.#groups.first('background') ? nowMs : null;

    return batch;
  }

  complete(batch: Batch<T>, tookMs: number | null): void {
    const running = this.#running.get(batch);
    if (!running) return;
    const { parts, costs } = running;
    this.#running.delete(batch);
    if (tookMs !== null && Number.isFinite(tookMs) && tookMs > 0) {
      costs.learn(batch.works, tookMs);
      this.#charge(parts, tookMs);
    }
    for (const { job, seat } of parts) {
      seat.flow.ended(job);
      this.#settle(seat);
    }
  }

  cancel(name: string): readonly Job<T>[] {
    const seat = this.#seats.get(name);
    if (!seat) return [];
    const { flow, group } = seat;
    const jobs = flow.jobs();
    flow.clear();
    if (flow.idle) {
      group.flows.leave(flow);
      this.#seats.delete(name);
      this.#settleGroup(group);
    } else {
      this.#settle(seat);
    }

    return jobs;
  }

  backlogMs(threads: readonly number[] = []): Backlog {
    const newWorks = (): Work[][] => this.#options.kinds.map(() => []);
    const works = { final: newWorks(), candidate: newWorks(), partial: newWorks(), background: newWorks() };
    for (const { flow } of this.#seats.values()) {
      for (const { kind, priority, work } of flow.jobs()) works[priority][kind]!.push(work());
    }
    const predict = (priority: Priority) => {
      const bySortMs = this.#sorts.map((kinds) => predictBacklog(works[priority], kinds));

      return meanOverThreads(bySortMs, threads);
    };
    const final = predict('final');

    return { final, total: final + predict('candidate') + predict('partial') };
  }

  /** What holds for each sort of thread, the first first. */
  get #sorts(): readonly (readonly JobKind[])[] {
    return this.#options.sorts ?? [this.#options.kinds];
  }

  #seatOf({ flow: name, group: groupName }: Job<T>): Seat<T> {
    const known = this.#seats.get(name);
    if (known) return known;
    let group = this.#groupsByName.get(groupName);
    if (!group) {
      group = new Group(groupName, this.#options.maxLeadMs);
      this.#groupsByName.set(groupName, group);
    }
    const seat = { flow: new Flow<T>(name, this.#tally), group };
    this.#seats.set(name, seat);

    return seat;
  }

  /** Whether anything but background may run now. */
  #hasOthers(): boolean {
    const { final, candidate, partial } = this.#tally.ready;

    return final + candidate + partial > 0;
  }

  /** Whether background has long had something, and has been given nothing. */
  #isBackgroundOverdue(nowMs: number): boolean {
    if (!this.#groups.first('background')) this.#backgroundSinceMs = null;
    else this.#backgroundSinceMs ??= nowMs;

    return this.#backgroundSinceMs !== null && nowMs - this.#backgroundSinceMs > MAX_BACKGROUND_WAIT_MS;
  }

  #maxSize(kind: number, rules: JobKind, priority: Priority, idle: number): number {
    if (priority !== 'final' && this.#batchesSinceSingle[kind]! >= BATCHES_TO_A_PROBE) return 1;
    const ready = Object.values(this.#tally.ready).reduce((sum, jobs) => sum + jobs, 0);
    const share = Math.ceil(ready / Math.max(1, idle));

    return Math.min(rules.maxBatchSize, share);
  }

  /** Takes jobs in the order of their turns until the batch is full or none fits. */
  #fill(forming: FormingBatch<T>, priority: Priority): Part<T>[] {
    const parts: Part<T>[] = [];
    const passedOver: Seat<T>[] = [];
    while (!forming.full && passedOver.length < MAX_MISSES) {
      const group = this.#groups.first(priority);
      const flow = group?.flows.first(priority);
      if (!group || !flow) break;
      const seat = { flow, group };
      const costMs = forming.add(flow.head(priority)!);
      if (costMs === null) {
        passedOver.push(seat);
        group.flows.setAside(flow, priority);
        this.#settleGroup(group);
      } else {
        const job = flow.take(priority);
        group.flows.serve(flow, costMs / job.weight);
        this.#groups.serve(group, costMs / job.weight);
        parts.push({ job, seat, costMs });
        this.#settle(seat);
      }
    }
    for (const seat of passedOver) this.#settle(seat);

    return parts;
  }

  /** Changes what the parts of a batch were charged to their shares of a cost. */
  #charge(parts: readonly Part<T>[], costMs: number): Part<T>[] {
    const chargedMs = parts.reduce((sum, part) => sum + part.costMs, 0);

    return parts.map(({ job, seat, costMs: before }) => {
      const share = (costMs * before) / chargedMs;
      seat.group.flows.charge(seat.flow, (share - before) / job.weight);
      this.#groups.charge(seat.group, (share - before) / job.weight);

      return { job, seat, costMs: share };
    });
  }

  /** Brings the rings up to what has become of a flow. */
  #settle({ flow, group }: Seat<T>): void {
    if (flow.idle) group.flows.rest(flow);
    else group.flows.offer(flow, flow.backlogged, (priority) => flow.head(priority) !== undefined);
    this.#settleGroup(group);
  }

  #settleGroup(group: Group<T>): void {
    for (const { name } of group.flows.forget()) this.#seats.delete(name);
    if (group.flows.idle) this.#groups.rest(group);
    else {
      const { flows } = group;
      this.#groups.offer(group, flows.backlogged, (priority) => flows.first(priority) !== undefined);
    }
    for (const { name } of this.#groups.forget()) this.#groupsByName.delete(name);
  }
}

/**
 * Whose jobs a batch takes that begins with one of `first`, in this order. What is less urgent takes the room that is left,
 * as long as it costs the others little; background costs too much, for there is always some: each batch would be as long
 * as one may be.
 */
function joining(first: Priority): readonly Priority[] {
  if (first === 'background') return [first];

  return PRIORITIES.slice(PRIORITIES.indexOf(first)).filter((priority) => priority !== 'background');
}
