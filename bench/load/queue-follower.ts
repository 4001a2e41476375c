import type { JobView } from '../../server/jobs/job-view.ts';

/** What has been seen of a queue. */
export interface QueueRecord {
  /** Jobs by the state that they have come to. */
  readonly states: Readonly<Record<string, number>>;
  /** Times that somebody was told of more ahead than before, while all of them were there already. */
  readonly rises: number;
  /** Jobs that were told to have finished more than once. */
  readonly twice: number;
  /** Jobs that have the result of another. */
  readonly shared: number;
  /** From the first submission to the last end, by the server's clock. */
  readonly tookMs: number;
}

/** Reads along with a queue until all jobs have finished that were submitted. */
export class QueueFollower {
  readonly #jobs = new Map<string, JobView>();
  readonly #abort = new AbortController();
  readonly #onChange: (finished: number) => void;
  #submitted = new Set<string>();
  #isComplete = false;
  #rises = 0;
  #twice = 0;
  #wake: () => void = () => {};

  /** @param onChange told how many have finished. */
  constructor(onChange: (finished: number) => void) {
    this.#onChange = onChange;
  }

  /** Follows until `stop`. */
  async follow(url: string): Promise<void> {
    const response = await fetch(`${url}/v1/jobs/events`, { signal: this.#abort.signal });
    let text = '';
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const end = text.lastIndexOf('\n\n') + 1;
      for (const [, data] of text.slice(0, end).matchAll(/^data: (.+)$/gm))
        this.#told(JSON.parse(data!) as JobView);
      text = text.slice(end);
    }
  }

  /** No more are submitted: places are to fall from here on. */
  complete(ids: readonly string[]): void {
    this.#submitted = new Set(ids);
    this.#isComplete = true;
    this.#wake();
  }

  /** Resolves when all that were submitted have finished. */
  async finished(): Promise<QueueRecord> {
    while (!this.#isComplete || [...this.#submitted].some((id) => !this.#hasFinished(id))) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#abort.abort();

    return this.#record();
  }

  #told(job: JobView): void {
    const before = this.#jobs.get(job.id);
    if (before && before.finishedAtMs !== null) this.#twice++;
    const rises = before?.ahead != null && job.ahead !== null && job.ahead > before.ahead;
    if (rises && this.#isComplete) this.#rises++;
    this.#jobs.set(job.id, job);
    this.#onChange([...this.#jobs.values()].filter(({ finishedAtMs }) => finishedAtMs !== null).length);
    this.#wake();
  }

  #hasFinished(id: string): boolean {
    return this.#jobs.get(id)?.finishedAtMs != null;
  }

  #record(): QueueRecord {
    const jobs = [...this.#submitted].map((id) => this.#jobs.get(id)!);
    const states: Record<string, number> = {};
    for (const { state } of jobs) states[state] = (states[state] ?? 0) + 1;
    const first = Math.min(...jobs.map(({ submittedAtMs }) => submittedAtMs));
    const last = Math.max(...jobs.map(({ finishedAtMs }) => finishedAtMs!));

    return {
      ...{ states, rises: this.#rises, twice: this.#twice, tookMs: last - first },
      shared: jobs.filter(({ shared }) => shared).length,
    };
  }
}
