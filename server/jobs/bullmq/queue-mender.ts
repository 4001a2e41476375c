import type { Clock } from '../../clock.ts';
import { step } from '../job.ts';
import type { QueueRules } from '../job-queue.ts';
import { isFinished } from '../job-states.ts';
import type { HandOuts } from './hand-outs.ts';
import type { JobRecords } from './job-records.ts';
import type { NodeRuns } from './node-runs.ts';
import type { RedisLink } from './redis-link.ts';

/** What a mender is made of. */
export interface QueueMenderParts {
  readonly link: RedisLink;
  readonly records: JobRecords;
  readonly handOuts: HandOuts;
  readonly callbacks: HandOuts;
  readonly runs: Pick<NodeRuns, 'interrupted' | 'reclaim' | 'release'>;
  /** This one. */
  readonly node: string;
  readonly clock: Clock;
  readonly rules: QueueRules;
  readonly onError: (error: Error) => void;
}

/** At least so often what has been kept long enough goes. */
const SWEEP_EVERY_MS = 60_000;
/** Jobs whose submission failed in an unknown way, and that are withdrawn when Redis can be asked. */
const MAX_WITHDRAWN = 1000;

/** Told to all nodes when a hand-out was added. */
export const WAKE = 'wake';

/** Keeps records and hand-outs together: what a crash leaves between the two is mended by every node, again and again. */
export class QueueMender {
  readonly #parts: QueueMenderParts;
  readonly #withdrawn = new Set<string>();
  #isMending = false;
  #isClosed = false;
  #sweptMs: number;

  constructor(parts: QueueMenderParts) {
    this.#parts = parts;
    this.#sweptMs = parts.clock.now();
  }

  /** Does nothing any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Has a job given out, if it is not yet. */
  async handOut(id: string): Promise<void> {
    const [record, priority] = await Promise.all([
      this.#parts.records.read(id),
      this.#parts.records.priority(id),
    ]);
    if (!record || priority === null || isFinished(record.job.state)) return;
    const { class: name, lengthMs, bytes } = record.job;
    await this.#parts.handOuts.add(id, name, priority, { lengthMs, bytes });
    await this.#parts.link.call(WAKE);
  }

  /** Has a callback delivered, if that is not under way. */
  tellLater(id: string): Promise<void> {
    return this.#parts.callbacks.add(id, 'callback', 0, null);
  }

  /** Whether it was added is not known, and whoever submitted it has been told that it was not. */
  withdraw(id: string): void {
    if (this.#withdrawn.size < MAX_WITHDRAWN) this.#withdrawn.add(id);
    void this.mend();
  }

  /** Puts together what has come apart, and lets go of what has been kept long enough. */
  async mend(): Promise<void> {
    if (this.#isMending || this.#isClosed) return;
    this.#isMending = true;
    try {
      for (const id of [...this.#withdrawn]) {
        await this.#drop(id);
        this.#withdrawn.delete(id);
      }
      await this.#mendHandOuts();
      await this.#sweep();
    } catch (error) {
      this.#parts.onError(error as Error);
    } finally {
      this.#isMending = false;
    }
  }

  /** Ends a job that nobody knows of. */
  async #drop(id: string): Promise<void> {
    const atMs = this.#parts.clock.epochMs();
    const changed = await this.#parts.records.change(id, atMs, ({ job }) => {
      const cancelled = step({ ...job, callbackUrl: null }, { type: 'cancel', atMs });

      return cancelled && { job: cancelled };
    });
    if (changed.type === 'changed') await this.#parts.runs.release(changed.released);
    await this.#parts.handOuts.remove(id).catch(() => {});
  }

  async #mendHandOuts(): Promise<void> {
    const { records, handOuts, callbacks, runs, node } = this.#parts;
    const faults = await records.inspect([handOuts.keys, callbacks.keys], node);
    for (const { type, id } of faults) {
      if (type === 'interrupted') await runs.interrupted(id);
      else if (type === 'own') await runs.reclaim(id);
      else if (type === 'unlisted') await this.handOut(id);
      else if (type === 'untold') await this.tellLater(id);
      else {
        const priority = await records.priority(id);
        if (priority !== null) await handOuts.place(id, priority);
      }
    }
  }

  async #sweep(): Promise<void> {
    const { clock, rules } = this.#parts;
    if (clock.now() - this.#sweptMs < Math.min(SWEEP_EVERY_MS, rules.keepFinishedMs)) return;
    this.#sweptMs = clock.now();
    let gone: readonly string[];
    do {
      gone = await this.#parts.records.sweep(clock.epochMs());
      for (const id of gone)
        await Promise.all([this.#parts.handOuts.remove(id), this.#parts.callbacks.remove(id)]);
    } while (gone.length > 0);
  }
}
