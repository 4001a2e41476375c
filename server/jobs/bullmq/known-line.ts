import type { Clock } from '../../clock.ts';
import type { Job } from '../job.ts';
import { type LineJob, type LineUp, lineUp } from '../job-line.ts';
import type { Line } from './job-record.ts';

/** A line that was read. */
interface ReadLine {
  readonly nodes: Line['nodes'];
  /** In their order. */
  readonly jobs: Map<string, LineJob>;
  readonly readAtMs: number;
  /** As long as nobody gets on. */
  lineUp: LineUp | null;
}

/**
 * The line of the queue as this node knows it: read when somebody asks, and again after every change but progress, which moves
 * nobody and is taken note of.
 */
export class KnownLine {
  readonly #read: () => Promise<Line>;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  #reading: Promise<ReadLine> | null = null;
  #line: ReadLine | null = null;

  /** @param maxAgeMs as often as nodes say something of themselves. */
  constructor(read: () => Promise<Line>, clock: Clock, maxAgeMs: number) {
    this.#read = read;
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
  }

  /** It may be another one. */
  forget(): void {
    this.#line = null;
    this.#reading = null;
  }

  /** Something about a job was told. */
  heard({ id, state, progressMs, lengthMs }: Job): void {
    const before = this.#line?.jobs.get(id);
    if (this.#line && state === 'running' && before?.state === 'running') {
      this.#line.jobs.set(id, { ...before, progressMs, lengthMs });
      this.#line.lineUp = null;
    } else {
      this.forget();
    }
  }

  /** @throws {StreamError} `queue-away`. */
  async now(): Promise<Omit<ReadLine, 'lineUp' | 'readAtMs'> & LineUp> {
    if (this.#line && this.#clock.now() - this.#line.readAtMs > this.#maxAgeMs) this.forget();
    const line = this.#line ?? (await (this.#reading ?? this.#readNow()));
    line.lineUp ??= lineUp(line.jobs.values());

    return { nodes: line.nodes, jobs: line.jobs, ...line.lineUp };
  }

  #readNow(): Promise<ReadLine> {
    const readAtMs = this.#clock.now();
    const reading = this.#read().then(({ nodes, jobs }): ReadLine => {
      const line = { nodes, jobs: new Map(jobs.map((job) => [job.id, job])), readAtMs, lineUp: null };
      // Else something has changed meanwhile.
      if (this.#reading === reading) this.#line = line;

      return line;
    });
    this.#reading = reading;
    reading.catch(() => {
      if (this.#reading === reading) this.#reading = null;
    });

    return reading;
  }
}
