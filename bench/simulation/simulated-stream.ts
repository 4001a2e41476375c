import type { Job, Scheduler, Work } from '../../scheduler/scheduler.ts';
import type { EventQueue } from './event-queue.ts';
import type { SegmentScript, SegmentStep } from './segment-script.ts';
import type { StreamTally } from './stream-tally.ts';

/** What has to be on time, in milliseconds. */
export interface Promises {
  /** A partial, from the moment its newest audio was spoken. */
  readonly partialMs: number;
  /** A final, from the end of its speech. */
  readonly finalMs: number;
}

/** One thing that a stream asked for. */
export interface Request {
  readonly stream: SimulatedStream;
  readonly segment: number;
  readonly sizeMs: number;
  readonly kind: SegmentStep['kind'];
  /** When the newest audio in it was spoken; of a final, when its speech ended. */
  readonly spokenAtMs: number;
  /** What it would take a thread alone, after all before it were decoded, in milliseconds. */
  readonly worthMs: number;
  /** Whether it counts. */
  readonly counted: boolean;
}

/** What all streams of a simulation share. */
export interface StreamWorld {
  readonly events: EventQueue;
  readonly scheduler: Scheduler<Request>;
  readonly promises: Promises;
  /** Whether what was heard of a segment saves time with more of it. */
  readonly drafts: boolean;
  /** What a job takes a thread alone, in milliseconds. */
  readonly aloneMs: (work: Work) => number;
  /** Whether what is asked for at this time counts. */
  readonly counts: (atMs: number) => boolean;
  /** How much of a span of time counts, in milliseconds. */
  readonly countedMs: (fromMs: number, toMs: number) => number;
  /** Called after something was queued. */
  readonly onQueued: () => void;
}

/** One speaker's stream, as the server's captioner treats it. */
export class SimulatedStream {
  readonly tally: StreamTally;
  readonly #name: string;
  readonly #group: string;
  readonly #world: StreamWorld;
  #segments = 0;
  /** The newest text: its audio is covered by a draft. */
  #heard: { segment: number; sizeMs: number } = { segment: -1, sizeMs: 0 };
  /** Candidates given out, by segment: one that is running when its segment ends becomes the final. */
  readonly #running = new Map<number, number>();
  readonly #endedWith = new Map<number, Request>();

  constructor(name: string, group: string, tally: StreamTally, world: StreamWorld) {
    this.#name = name;
    this.#group = group;
    this.tally = tally;
    this.#world = world;
  }

  /** Has a segment spoken from now on. @returns milliseconds until its last word. */
  speak({ spokenMs, steps }: SegmentScript): number {
    const { events, countedMs } = this.#world;
    const segment = this.#segments++;
    const startMs = events.nowMs;
    const endMs = startMs + spokenMs / this.tally.speed;
    this.tally.spokenMs += countedMs(startMs, endMs) * this.tally.speed;
    let decodedMs = 0;
    for (const step of steps) {
      const worthMs = this.#world.aloneMs({ size: step.sizeMs, fresh: step.sizeMs - decodedMs });
      if (this.#world.drafts) decodedMs = step.sizeMs;
      events.at(startMs + step.atMs / this.tally.speed, () => this.#ask(segment, step, endMs, worthMs));
    }

    return endMs - startMs;
  }

  /** Takes note that a request was given out. */
  begun({ kind, segment, sizeMs }: Request): void {
    if (kind === 'candidate') this.#running.set(segment, sizeMs);
  }

  /** Takes a request's text. */
  done(request: Request): void {
    const { segment, sizeMs, kind, spokenAtMs, worthMs, counted } = request;
    this.#running.delete(segment);
    if (counted) this.tally.gotMs += worthMs;
    if (segment >= this.#heard.segment) this.#heard = { segment, sizeMs };
    if (kind === 'final') {
      this.#deliverFinal(request);
      return;
    }
    if (counted) this.#countPartial(this.#world.events.nowMs - spokenAtMs);
    const ended = this.#endedWith.get(segment);
    if (ended) this.#deliverFinal(ended);
    this.#endedWith.delete(segment);
  }

  #ask(segment: number, { kind, sizeMs }: SegmentStep, speechEndMs: number, worthMs: number): void {
    const { events, scheduler, promises, counts, onQueued } = this.#world;
    const { nowMs } = events;
    const counted = counts(nowMs);
    const spokenAtMs = kind === 'final' ? speechEndMs : nowMs;
    const request: Request = { stream: this, segment, sizeMs, kind, spokenAtMs, worthMs, counted };
    if (counted) this.tally.askedMs += worthMs;
    if (counted && kind !== 'final') this.tally.snapshots++;
    if (kind === 'final' && this.#isHeard(request)) {
      if (counted) this.tally.askedMs -= worthMs;
      return;
    }
    const dueAtMs = spokenAtMs + (kind === 'final' ? promises.finalMs : promises.partialMs);
    scheduler.submit(this.#job(request, dueAtMs));
    onQueued();
  }

  /** Whether a candidate has the final's text already, or will have it. */
  #isHeard(final: Request): boolean {
    if (final.counted) this.tally.finals++;
    const { segment, sizeMs } = final;
    if (this.#heard.segment === segment && this.#heard.sizeMs === sizeMs) this.#deliverFinal(final);
    else if (this.#running.get(segment) === sizeMs) this.#endedWith.set(segment, final);
    else return false;

    return true;
  }

  #job(request: Request, dueAtMs: number): Job<Request> {
    const { segment, sizeMs, kind, stream } = request;
    const work = (): Work => {
      const covered = this.#world.drafts && this.#heard.segment === segment ? this.#heard.sizeMs : 0;

      return { size: sizeMs, fresh: Math.max(0, sizeMs - covered) };
    };

    return {
      group: this.#group,
      flow: this.#name,
      key: String(segment),
      priority: kind,
      weight: stream.tally.weight,
      kind: 0,
      batchClass: 0,
      alone: false,
      enqueuedAtMs: this.#world.events.nowMs,
      dueAtMs,
      work,
      payload: request,
    };
  }

  #countPartial(lagMs: number): void {
    this.tally.snapshotsDelivered++;
    this.tally.partialLagsMs.push(lagMs);
    if (lagMs <= this.#world.promises.partialMs) this.tally.snapshotsOnTime++;
  }

  #deliverFinal({ spokenAtMs, counted }: Request): void {
    if (!counted) return;
    const latencyMs = this.#world.events.nowMs - spokenAtMs;
    this.tally.finalLatenciesMs.push(latencyMs);
    if (latencyMs <= this.#world.promises.finalMs) this.tally.finalsOnTime++;
  }
}
