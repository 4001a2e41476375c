/** A task on its way. */
export interface Job<Task, Result, Place> {
  readonly task: Task;
  readonly deadlineMs: number;
  /** The only place it may run in, or null for any. */
  readonly place: Place | null;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/** The tasks of a pool that wait for a thread, the oldest first, and what becomes of all of them. */
export class JobQueue<Task, Result, Place> {
  readonly #waiting: Job<Task, Result, Place>[] = [];
  readonly #unanswered = new Set<Promise<Result>>();

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** One for each task that waits or runs. */
  get unanswered(): ReadonlySet<Promise<Result>> {
    return this.#unanswered;
  }

  add(task: Task, deadlineMs: number, place: Place | null): Promise<Result> {
    const answer = new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ task, deadlineMs, place, resolve, reject });
    });
    this.#unanswered.add(answer);
    const answered = () => this.#unanswered.delete(answer);
    answer.then(answered, answered);

    return answer;
  }

  /** Takes out the oldest that may run in a place. */
  takeFor(place: Place): Job<Task, Result, Place> | null {
    const index = this.#waiting.findIndex((job) => job.place === null || job.place === place);

    return index === -1 ? null : this.#waiting.splice(index, 1)[0]!;
  }

  /** Fails those that can only run in `place`, or all when it is null. */
  refuse(place: Place | null, error: Error): void {
    for (const job of this.#waiting.splice(0)) {
      if (place === null || job.place === place) job.reject(error);
      else this.#waiting.push(job);
    }
  }
}
