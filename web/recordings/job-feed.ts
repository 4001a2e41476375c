import { signal } from '@preact/signals';
import { Retries } from '../../client-sdk/connection/retries.ts';
import { RoundtableError } from '../../client-sdk/index.ts';
import { systemTime } from '../../client-sdk/time.ts';
import { askServer, unreachable } from '../shell/server.ts';
import { EventReader } from './event-reader.ts';
import type { Job } from './job.ts';

/** The server gives a sign of life every 15 s. */
const SILENCE_MS = 40_000;

/** Who hears of jobs. */
export interface FeedListener {
  /** From now on every change is told; what was before, is to be asked for. */
  live(): void;
  job(job: Job): void;
  /** The server asks for a key. */
  refused(): void;
}

/** How it stands with hearing of jobs. */
export type FeedState = 'idle' | 'connecting' | 'live' | 'lost';

/** Hears how jobs fare, and takes that up again whenever the connection or the server was lost. */
export class JobFeed {
  readonly state = signal<FeedState>('idle');
  readonly #listener: FeedListener;
  readonly #retries = new Retries(systemTime, { minMs: 500, maxMs: 5000 }, () => void this.#connect());
  #abort: AbortController | null = null;

  constructor(listener: FeedListener) {
    this.#listener = listener;
    addEventListener('online', () => this.#retries.hurry());
  }

  /** Idempotent. */
  start(): void {
    if (this.state.value !== 'idle') return;
    this.state.value = 'connecting';
    void this.#connect();
  }

  /** Idempotent. */
  stop(): void {
    this.#retries.cancel();
    this.#abort?.abort();
    this.#abort = null;
    this.state.value = 'idle';
  }

  /** Connects anew, where what it tells cannot be relied on. */
  again(): void {
    this.#abort?.abort(unreachable());
  }

  async #connect(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      await this.#hear(abort);
      throw unreachable();
    } catch (error) {
      // Stopped, or stopped and begun again.
      if (abort !== this.#abort) return;
      abort.abort();
      const fault = error instanceof RoundtableError ? error : unreachable(error);
      if (fault.code === 'unauthorized') {
        this.stop();
        this.#listener.refused();
        return;
      }
      this.state.value = 'lost';
      this.#retries.failed(fault);
    }
  }

  /** Resolves when the server ends it. */
  async #hear(abort: AbortController): Promise<void> {
    const { signal } = abort;
    const giveUp = () => abort.abort(unreachable());
    let timer = setTimeout(giveUp, SILENCE_MS);
    try {
      const answer = await askServer('/v1/jobs/events', { signal });
      this.#retries.succeeded();
      this.state.value = 'live';
      this.#listener.live();
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      const events = new EventReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(giveUp, SILENCE_MS);
        for (const { name, data } of events.read(piece.value))
          if (name === 'job' && !signal.aborted) this.#listener.job(JSON.parse(data) as Job);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
