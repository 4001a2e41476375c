import type { Clock } from '../../clock.ts';
import { UNWANTED } from '../job-attempt.ts';
import type { JobResult } from '../job-queue.ts';
import type { Speedometer } from '../speedometer.ts';
import type { Claimed } from './job-record.ts';
import type { JobRecords } from './job-records.ts';
import type { Attempt } from './node-attempt.ts';
import type { Slots } from './slots.ts';

/** What claims are made of. */
export interface ContentClaimsParts {
  readonly records: JobRecords;
  readonly clock: Clock;
  readonly speedometer: Speedometer;
  readonly slots: () => Slots;
  /** Has a job given out whose key has a slot now. */
  readonly release: (id: string | null) => Promise<void>;
}

/** Whoever waits for another's result asks so often, should nobody tell. */
const ASK_EVERY_MS = 2000;

/** Finds out for the attempts of a node whether they are to compute something, or who does. Who waits takes no slot. */
export class ContentClaims {
  readonly #parts: ContentClaimsParts;
  readonly #askers = new Set<() => void>();

  constructor(parts: ContentClaimsParts) {
    this.#parts = parts;
  }

  /** A job has ended, or been given back: somebody may have its result, or be the next to compute it. */
  ended(): void {
    for (const ask of [...this.#askers]) ask();
  }

  /**
   * Resolves with the result of whoever has computed it, or with null where the attempt is to.
   * @throws the signal's reason.
   */
  async claim(attempt: Attempt, content: string): Promise<JobResult | null> {
    const { records, release } = this.#parts;
    const { job, run } = attempt.entry;
    for (;;) {
      attempt.signal.throwIfAborted();
      // Before it is asked, so that nothing is missed that happens meanwhile.
      const told = this.#nextEnd();
      const claimed = await records
        .claim(job.id, run, content, !attempt.isParked)
        .catch((): Claimed => ({ type: 'wait', released: null }));
      if (claimed.type === 'done') return claimed.result;
      if (claimed.type === 'lead') return null;
      if (claimed.type === 'gone') attempt.end(UNWANTED());
      if (claimed.type === 'wait') {
        this.#park(attempt);
        await release(claimed.released);
        await told;
      }
      if (claimed.type === 'free') await this.#unpark(attempt);
    }
  }

  #park(attempt: Attempt): void {
    attempt.pause();
    // Where it has ended meanwhile, it has given its slot back.
    if (attempt.isParked || attempt.isOver) return;
    attempt.isParked = true;
    this.#parts.speedometer.ended();
    this.#parts.slots().give();
  }

  async #unpark(attempt: Attempt): Promise<void> {
    await this.#parts.slots().take();
    if (attempt.isOver) {
      this.#parts.slots().give();
      attempt.signal.throwIfAborted();
    }
    attempt.isParked = false;
    this.#parts.speedometer.begun();
  }

  /** Resolves when a job has ended, or after a while. */
  #nextEnd(): Promise<void> {
    return new Promise((resolve) => {
      const ask = () => {
        this.#askers.delete(ask);
        cancel();
        resolve();
      };
      const cancel = this.#parts.clock.after(ASK_EVERY_MS, ask);
      this.#askers.add(ask);
    });
  }
}
