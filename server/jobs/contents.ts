import type { JobResult } from './job-queue.ts';

/** What waits for the result of another run. */
export interface Follower {
  /** The result is there. */
  answer(result: JobResult): void;
  /** The run that was awaited came to nothing: this one is to compute it. */
  lead(): void;
}

/** Who computes what, and who waits for it: of equal content one at a time. */
export class Contents {
  readonly #followers = new Map<string, Follower[]>();

  /** @returns whether the run leads; otherwise `follower` hears. */
  join(content: string, follower: Follower): boolean {
    const others = this.#followers.get(content);
    if (!others) this.#followers.set(content, []);
    else others.push(follower);

    return !others;
  }

  /** A follower waits no more. */
  leave(content: string, follower: Follower): void {
    const others = this.#followers.get(content);
    const at = others?.indexOf(follower) ?? -1;
    if (at >= 0) others!.splice(at, 1);
  }

  /** The run that leads has ended. @param result null where it came to nothing. */
  settle(content: string, result: JobResult | null): void {
    const followers = this.#followers.get(content) ?? [];
    if (result) {
      this.#followers.delete(content);
      for (const follower of followers) follower.answer(result);
    } else {
      const next = followers.shift();
      if (next) next.lead();
      else this.#followers.delete(content);
    }
  }
}
