import { signal } from '@preact/signals';
import { keyHeaders } from '../shell/api-key.ts';
import type { StatusReport } from './report.ts';

const INTERVAL_MS = 2000;
const TIMEOUT_MS = 5000;
/** What is drawn as a line: five minutes. */
const KEPT = 150;

/** How it stands with asking the server. */
export type Asking = 'asking' | 'answered' | 'unauthorized' | 'unreachable';

/** Asks the server how it fares, every two seconds while the page is seen. */
export class StatusSource {
  readonly report = signal<StatusReport | null>(null);
  readonly asking = signal<Asking>('asking');
  /** Shares of the threads' time that were busy, the newest last. */
  readonly busy = signal<readonly number[]>([]);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts the starts: what an earlier one asked for asks no further. */
  #run = 0;

  /** Asks now, and again and again. */
  start(): void {
    this.stop();
    void this.#goOn(this.#run);
  }

  stop(): void {
    this.#run++;
    clearTimeout(this.#timer);
  }

  async #goOn(run: number): Promise<void> {
    await this.#ask();
    if (run === this.#run) this.#timer = setTimeout(() => void this.#goOn(run), INTERVAL_MS);
  }

  async #ask(): Promise<void> {
    // Nobody sees it.
    if (document.hidden) return;
    try {
      const answer = await fetch('/v1/status', {
        headers: keyHeaders(),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (answer.status === 401) {
        this.asking.value = 'unauthorized';
        return;
      }
      if (!answer.ok) throw new Error(answer.statusText);
      const report = (await answer.json()) as StatusReport;
      const { finals, partials } = report.load.busyShare;
      this.busy.value = [...this.busy.value, Math.min(1, finals + partials)].slice(-KEPT);
      this.report.value = report;
      this.asking.value = 'answered';
    } catch {
      this.asking.value = 'unreachable';
    }
  }
}
