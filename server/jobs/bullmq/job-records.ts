import { CLASS_WEIGHTS } from '../../admission/priority-class.ts';
import { type Job, type NewJob, submitted } from '../job.ts';
import { costMs, yieldMs } from '../job-order.ts';
import {
  type JobPage,
  type JobQuery,
  type JobResult,
  MAX_JOBS_PER_PAGE,
  type QueueRules,
} from '../job-queue.ts';
import { isFinished } from '../job-states.ts';
import { keyLimits, type Refusal, refused } from '../queue-limits.ts';
import {
  type Change,
  type Changed,
  type Claimed,
  entryOf,
  type Fault,
  idOrNull,
  type JobRecord,
  type Line,
  type LineEntry,
  type NodeReport,
  RECORD_FIELDS,
  recordOf,
} from './job-record.ts';
import type { RedisLink } from './redis-link.ts';

/** Largest rank that BullMQ knows; they are counted from a base that follows when half of them are used up. */
const MAX_PRIORITY = 2 ** 21 - 1;
const MAX_RANK = 2 ** 20;
/** Finished jobs that are kept, with their results; older ones are let go. */
const MAX_FINISHED = 10_000;
const SWEEP_AT_ONCE = 200;

/** The records of all jobs: what they say is so, whatever BullMQ's hand-outs look like. Everything throws `queue-away`. */
export class JobRecords {
  readonly #link: RedisLink;
  readonly #rules: QueueRules;

  constructor(link: RedisLink, rules: QueueRules) {
    this.#link = link;
    this.#rules = rules;
  }

  /**
   * Adds a job; one that is there already is left as it is.
   * @returns whether ranks are counted from another base now, so that hand-outs have to be placed anew.
   * @throws {StreamError} `too-many-jobs` or `no-space`.
   */
  async submit(newJob: NewJob, nowMs: number): Promise<{ readonly job: Job; readonly isRebased: boolean }> {
    const job = submitted(newJob, nowMs);
    const { maxJobs, maxJobBytes } = this.#rules;
    const ofKey = keyLimits(this.#rules);
    const weight = CLASS_WEIGHTS[job.class];
    const [answer, isRebased] = await this.#link.tell(
      'rtSubmit',
      ...[job.id, JSON.stringify(job), job.class, job.key ?? '', job.bytes, job.lengthMs, nowMs],
      ...[costMs(job), yieldMs(job.lengthMs) / weight, maxJobs, maxJobBytes, MAX_RANK],
      ...[ofKey.jobs, ofKey.bytes],
    );
    if (answer !== 'ok') throw refused(answer as Refusal);

    return { job, isRebased: isRebased === '1' };
  }

  async read(id: string): Promise<JobRecord | null> {
    const { redis } = this.#link;
    const values = await this.#link.ask(() => redis.hmget(this.#link.key('job', id), ...RECORD_FIELDS));

    return recordOf(values);
  }

  /** @returns a priority of BullMQ's that gives a hand-out its job's place; null where the job is not there. */
  async priority(id: string): Promise<number | null> {
    const { redis } = this.#link;
    const [rank, base] = await this.#link.ask(() =>
      Promise.all([
        redis.hget(this.#link.key('job', id), 'rank'),
        redis.hget(this.#link.key('order'), 'base'),
      ]),
    );

    return rank === null ? null : Math.max(1, Math.min(MAX_PRIORITY, Number(rank) - Number(base ?? 0)));
  }

  /**
   * Changes a record as it is at that moment.
   * @param decide what is to become of it; null for nothing. May be asked again, when somebody else was faster.
   */
  async change(id: string, nowMs: number, decide: (record: JobRecord) => Change | null): Promise<Changed> {
    for (;;) {
      const record = await this.read(id);
      const change = record && decide(record);
      if (!change) return { type: 'as-it-was', record };
      const { job, result } = change;
      const next: JobRecord = {
        version: record.version + 1,
        job,
        run: change.run ?? record.run,
        failures: change.failures ?? record.failures,
      };
      const [answer, released] = await this.#link.tell(
        'rtWrite',
        ...[id, record.version, JSON.stringify(job), job.state, next.run, nowMs, job.callback],
        ...[job.progressMs, job.lengthMs, next.failures, this.#rules.maxRunningPerKey],
        result ? JSON.stringify(result) : '',
      );
      if (answer === 'held') return { type: 'held' };
      if (answer === 'ok') return { type: 'changed', record: next, released: idOrNull(released) };
    }
  }

  /** Tells how far an attempt has come, and how long its recording is. @returns whether the attempt still counts. */
  async progress(job: Job, run: string): Promise<boolean> {
    const { id, progressMs, lengthMs } = job;
    const [counts] = await this.#link.tell('rtProgress', id, run, progressMs, lengthMs, JSON.stringify(job));

    return counts === 1;
  }

  /** Asks who computes a content. @param hasSlot whether the run might. */
  async claim(id: string, run: string, content: string, hasSlot: boolean): Promise<Claimed> {
    const { maxRunningPerKey } = this.#rules;
    const answer = await this.#link.run('rtClaim', id, run, content, hasSlot ? 1 : 0, maxRunningPerKey);
    const type = answer[0] as Claimed['type'];
    if (type === 'done') return { type, result: JSON.parse(answer[1] as string) as JobResult };
    if (type === 'wait' || type === 'free') return { type, released: idOrNull(answer[1]) };

    return { type };
  }

  /** @returns null where none is kept. */
  async result(id: string): Promise<JobResult | null> {
    const { redis } = this.#link;
    const text = await this.#link.ask(() => redis.get(this.#link.key('result', id)));

    return text === null ? null : (JSON.parse(text) as JobResult);
  }

  async list({ state, key, limit, before }: JobQuery): Promise<JobPage> {
    const size = Math.min(limit, MAX_JOBS_PER_PAGE);
    const ids = key === undefined ? 'all' : `of:${key ?? ''}`;
    const values = await this.#link.run('rtList', ids, state ?? '', before ?? '', size);
    const jobs: Job[] = [];
    for (let i = 0; i < values.length; i += RECORD_FIELDS.length)
      jobs.push(recordOf(values.slice(i, i + RECORD_FIELDS.length))!.job);

    return { jobs: jobs.slice(0, size), more: jobs.length > size };
  }

  async line(): Promise<Line> {
    const values = await this.#link.run('rtLine');
    const jobs: LineEntry[] = [];
    let at = 0;
    for (; values[at] !== ''; at += 8) jobs.push(entryOf(values.slice(at, at + 8)));
    const nodes = [];
    for (at++; at < values.length; at += 2)
      nodes.push({ id: String(values[at]), ...(JSON.parse(String(values[at + 1])) as NodeReport) });
    jobs.sort((a, b) => a.rank - b.rank || a.number - b.number);

    return { jobs, nodes };
  }

  /** Says that a node lives. @param forMs how long, unless it says so again. */
  async report(node: string, report: NodeReport, forMs: number): Promise<void> {
    const { redis } = this.#link;
    await this.#link.ask(() =>
      Promise.all([
        redis.set(this.#link.key('node', node), JSON.stringify(report), 'PX', forMs),
        redis.sadd(this.#link.key('nodes'), node),
      ]),
    );
  }

  /** A node ends. */
  async leave(node: string): Promise<void> {
    const { redis } = this.#link;
    await this.#link.ask(() => redis.del(this.#link.key('node', node)));
  }

  /** Whether the node of a run lives. */
  async isAlive(run: string): Promise<boolean> {
    const { redis } = this.#link;
    const node = run.split('/')[0]!;

    return (await this.#link.ask(() => redis.exists(this.#link.key('node', node)))) === 1;
  }

  /** Whether a job waits for a slot of its key. */
  async isHeld(id: string): Promise<boolean> {
    const { redis } = this.#link;
    const key = await this.#link.ask(() => redis.hget(this.#link.key('job', id), 'key'));
    const rank = await this.#link.ask(() => redis.zscore(this.#link.key('held', key ?? ''), id));

    return rank !== null;
  }

  /** Lets go of some of what has been kept long enough. @returns the ids. */
  async sweep(nowMs: number): Promise<readonly string[]> {
    const oldestMs = nowMs - this.#rules.keepFinishedMs;

    return (await this.#link.run('rtSweep', oldestMs, MAX_FINISHED, SWEEP_AT_ONCE)).map(String);
  }

  /** Lets go of finished jobs that named a meeting. @returns the ids. */
  async forgetMeeting(meeting: string): Promise<readonly string[]> {
    const gone: string[] = [];
    for (let before: string | undefined, more = true; more; ) {
      const page = await this.list({ limit: MAX_JOBS_PER_PAGE, ...(before !== undefined && { before }) });
      const its = page.jobs.filter(({ options, state }) => isFinished(state) && options.meeting === meeting);
      if (its.length > 0)
        gone.push(...(await this.#link.run('rtForget', ...its.map(({ id }) => id))).map(String));
      before = page.jobs.at(-1)?.id;
      more = page.more;
    }

    return gone;
  }

  /**
   * What has come apart, and what runs on a node.
   * @param keys what those of hand-outs begin with, for recordings and for callbacks.
   */
  async inspect(keys: readonly [string, string], node: string): Promise<readonly Fault[]> {
    const values = await this.#link.run('rtInspect', ...keys, node);
    const faults: Fault[] = [];
    for (let i = 0; i < values.length; i += 2)
      faults.push({ type: values[i] as Fault['type'], id: String(values[i + 1]) });

    return faults;
  }
}
