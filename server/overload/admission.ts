import { type LadderStep, STEP_MEANINGS } from './ladder.ts';
import type { BusyShare } from './load.ts';

/** What is decided from. */
export interface AdmissionState {
  readonly step: LadderStep;
  /** Streams that have been let in and have not ended. */
  readonly open: number;
  /** Streams in the waiting room. */
  readonly waiting: number;
  /** Smoothed over some seconds, as the ladder has it. */
  readonly busyShare: BusyShare;
}

/** Names the error, and about when to come again. */
export interface Refusal {
  readonly kind: 'refuse';
  readonly code: 'too-many-streams' | 'busy';
  readonly retryAfterMs: number;
}

/** What becomes of one who arrives. */
export type AdmissionDecision = { readonly kind: 'admit' | 'wait' } | Refusal;

export interface AdmissionLimits {
  /** Streams at once, whatever the load. */
  readonly maxStreams: number;
  /** Streams that may wait at once. */
  readonly maxWaiting: number;
  /** Batches that can be decoded at once. */
  readonly threads: number;
}

/** Streams let in a second: so many for each thread, or this share of those that are open, whichever is more. */
interface Pace {
  readonly perThread: number;
  readonly shareOfOpen: number;
}

/** At full service with a quarter of the threads' time to spare, that of the newly let in reckoned as well. */
const EASY_PACE: Pace = { perThread: 10, shareOfOpen: 0.2 };
const EASY_BELOW_BUSY = 0.75;
/** Otherwise: slow enough for the ladder to take its steps, two seconds each and more, while the load grows. */
const CAREFUL_PACE: Pace = { perThread: 1, shareOfOpen: 0.05 };
/**
 * Nobody is let in where finals are expected to take more than this share, between where the ladder opens the waiting
 * room (0.7) and where it closes it (0.85): so that letting in does not close it.
 */
const ADMITS_BELOW_FINAL_BUSY = 0.75;
/** Time constant for what a stream costs to show: it has to be spoken in, a segment has to end, and shares are smoothed. */
const SHOWS_AFTER_MS = 10_000;
/** Seconds of a pace that may come in at once, as a meeting does that begins. */
const BURST_SECONDS = 2;

/** Sooner nobody refused is asked to come again: the ladder needs as long for one step. */
export const LEAST_RETRY_MS = 5000;
/** Later neither: by then everything is different. */
const MOST_RETRY_MS = 60_000;

/**
 * Decides who comes in: never more than `maxStreams`; nobody at the steps that admit nobody; and otherwise at a pace, a
 * token bucket, and as long as there is room. The load of a stream shows only after some seconds. Until then each newly
 * let in is reckoned to bring what the others bring: the busy share, times streams open now over streams open then.
 * Those who wait go before those who arrive. Told the time, starts nothing.
 */
export class AdmissionControl {
  readonly #limits: AdmissionLimits;
  #tokens: number;
  #notedAtMs: number | null = null;
  /** Streams open when last asked, and smoothed: those whose load shows. */
  #open = 0;
  #shownOpen = 0;
  #nextRetryAtMs = Number.NEGATIVE_INFINITY;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
    this.#tokens = BURST_SECONDS * EASY_PACE.perThread * limits.threads;
  }

  /** Decides about one who arrives. Who is admitted counts as let in. */
  arrive(state: AdmissionState, nowMs: number): AdmissionDecision {
    this.#note(state, nowMs);
    if (state.step === 'refuse') return this.refuse('busy', state, nowMs);
    const { maxStreams, maxWaiting } = this.#limits;
    const full = state.open >= maxStreams;
    if (!full && state.waiting === 0 && this.#take()) return { kind: 'admit' };
    // The pace is for those who can wait a moment. Where nobody can, it would refuse them for nothing.
    if (!full && maxWaiting === 0 && STEP_MEANINGS[state.step].admits !== 'nobody') return { kind: 'admit' };
    if (state.waiting < this.#limits.maxWaiting) return { kind: 'wait' };

    return this.refuse(full ? 'too-many-streams' : 'busy', state, nowMs);
  }

  /**
   * Whether the next of those who wait may come in now, who then counts as let in. To be asked after every sample of the
   * ladder, whether somebody waits or not, and again until it says no.
   */
  admitsNext(state: AdmissionState, nowMs: number): boolean {
    this.#note(state, nowMs);

    return state.waiting > 0 && state.open < this.#limits.maxStreams && this.#take();
  }

  /** Lets time pass: the bucket fills, and the load of those let in shows. */
  #note(state: AdmissionState, nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - (this.#notedAtMs ?? nowMs));
    this.#notedAtMs = nowMs;
    const keep = Math.exp(-elapsedMs / SHOWS_AFTER_MS);
    this.#shownOpen = keep * this.#shownOpen + (1 - keep) * this.#open;
    this.#open = state.open;
    const perSecond = this.#perSecond(state);
    // Where others wait nothing is saved up, nor while nobody is let in.
    const most = perSecond === 0 ? 0 : Math.max(1, perSecond * (state.waiting > 0 ? 1 : BURST_SECONDS));
    this.#tokens = Math.min(most, this.#tokens + (perSecond * elapsedMs) / 1000);
  }

  #take(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;

    return true;
  }

  /** Streams that may be let in a second now; 0 where there is no room. */
  #perSecond({ step, open, busyShare }: AdmissionState): number {
    const growth = (open + 1) / (this.#shownOpen + 1);
    const finalShare = growth * busyShare.final;
    const { admits } = STEP_MEANINGS[step];
    if (admits === 'nobody' || finalShare > ADMITS_BELOW_FINAL_BUSY) return 0;
    const easy = admits === 'at once' && finalShare + growth * busyShare.partial < EASY_BELOW_BUSY;

    return this.#rate(easy ? EASY_PACE : CAREFUL_PACE, open);
  }

  #rate({ perThread, shareOfOpen }: Pace, open: number): number {
    return Math.max(perThread * this.#limits.threads, shareOfOpen * open);
  }

  /**
   * Refuses one who arrives, whatever the load. Refused streams are asked to come again one after the other, at the pace
   * at which they could be let in: those refused in one moment do not all come back in one.
   */
  refuse(code: Refusal['code'], { open }: AdmissionState, nowMs: number): Refusal {
    const betweenMs = 1000 / this.#rate(CAREFUL_PACE, open);
    const earliestMs = nowMs + LEAST_RETRY_MS;
    const nextMs = Math.max(earliestMs, this.#nextRetryAtMs + betweenMs);
    this.#nextRetryAtMs = nextMs > nowMs + MOST_RETRY_MS ? earliestMs : nextMs;

    return { kind: 'refuse', code, retryAfterMs: Math.round(this.#nextRetryAtMs - nowMs) };
  }
}
