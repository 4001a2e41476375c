import { LADDER_LIMITS, LOAD_SMOOTHING } from './thresholds.ts';

/** Shares of the time of all threads, 0 to 1 each; a batch that began before the last sample may take one beyond 1. */
export interface BusyShare {
  /** Batches of finals, and of what is likely to become final: they come at every step. */
  readonly final: number;
  /** Batches of other partials, which a step may put off. */
  readonly partial: number;
}

/** What is measured about twice a second. */
export interface LoadSample {
  /** Predicted work queued now, in milliseconds of one thread: of finals, and of everything, finals included. */
  readonly backlogMs: { readonly final: number; readonly total: number };
  /** Batches that can be decoded at once; at least 1. */
  readonly threads: number;
  /** Of batches that ended since the last sample: the time they took, over threads times the time since then. */
  readonly busyShare: BusyShare;
  /**
   * 95th percentile, over a window of some 5 s, of the time from the moment a segment's end was decided until its
   * caption was handed to the socket, without the slowest one; null where fewer than two finals were sent in it.
   */
  readonly finalLagMs: number | null;
  /** 99th percentile over the time since the last sample, in milliseconds beyond what was asked for. */
  readonly eventLoopDelayMs: number;
}

/** A sample in the terms that steps are entered and left by. */
export interface Load {
  /** Until all that is queued now is decoded. */
  readonly totalWaitMs: number;
  /** Until all finals that are queued now are decoded. */
  readonly finalWaitMs: number;
  readonly finalLagMs: number;
  readonly eventLoopDelayMs: number;
  /** Smoothed. */
  readonly busyShare: BusyShare;
}

/** Smooths samples, with the time between them as weight. */
export class LoadMeter {
  #busyShare: BusyShare = { final: 0, partial: 0 };

  /** Smoothed over some seconds. */
  get busyShare(): BusyShare {
    return this.#busyShare;
  }

  /** @param elapsedMs since the last sample, or since the start. */
  read(sample: LoadSample, elapsedMs: number): Load {
    const { backlogMs, busyShare } = sample;
    const threads = Math.max(1, sample.threads);
    const keep = Math.exp(-elapsedMs / LOAD_SMOOTHING.busyMs);
    // A share of no time at all is no number, and would stay for ever.
    const smooth = (before: number, now: number) =>
      keep * before + (1 - keep) * (Number.isFinite(now) ? Math.max(0, now) : 0);
    this.#busyShare = {
      final: smooth(this.#busyShare.final, busyShare.final),
      partial: smooth(this.#busyShare.partial, busyShare.partial),
    };

    return {
      totalWaitMs: backlogMs.total / threads,
      finalWaitMs: backlogMs.final / threads,
      finalLagMs: sample.finalLagMs ?? 0,
      eventLoopDelayMs: sample.eventLoopDelayMs,
      busyShare: this.#busyShare,
    };
  }
}

/** Whether finals come late because there is more to do than can be done. */
export function finalsLag({ finalLagMs, busyShare }: Load, limitMs: number): boolean {
  return finalLagMs > limitMs && busyShare.final + busyShare.partial > LADDER_LIMITS.lagCountsAboveBusy;
}

/** Whether nothing waits that would have to be explained. */
export function isCalm(load: Load): boolean {
  const { calm } = LADDER_LIMITS;

  return (
    load.totalWaitMs < calm.totalWaitMs &&
    load.finalWaitMs < calm.finalWaitMs &&
    load.eventLoopDelayMs < calm.eventLoopDelayMs &&
    !finalsLag(load, calm.finalLagMs)
  );
}

/**
 * Learns what partials cost at each pace for one unit of work on finals: both grow with what is said, so that their
 * ratio holds while people come and go. It tells what a step that gives more partials would add.
 */
export class PartialCosts {
  /** Work seen at each pace, in seconds of the whole server, fading. */
  readonly #seen = new Map<number, BusyShare>();

  /** Notes a load at a pace that has been kept for long enough to show. */
  learn(pace: number, load: Load, elapsedMs: number): void {
    const { final, partial } = load.busyShare;
    const saturated =
      final + partial > LOAD_SMOOTHING.saturatedAboveBusy ||
      load.totalWaitMs > LADDER_LIMITS.calm.totalWaitMs;
    // Partials that gave way to newer ones cost nothing: what is seen then is the least they would have cost.
    if (saturated && partial <= final * this.#ratio(pace)) return;
    const seen = this.#seen.get(pace) ?? { final: 0, partial: 0 };
    const keep = Math.exp(-elapsedMs / LOAD_SMOOTHING.partialCostMs);
    this.#seen.set(pace, {
      final: keep * seen.final + (final * elapsedMs) / 1000,
      partial: keep * seen.partial + (partial * elapsedMs) / 1000,
    });
  }

  /** Share of all threads' time that partials would take at a pace. */
  forecast(pace: number, load: Load): number {
    return load.busyShare.final * this.#ratio(pace);
  }

  #ratio(pace: number): number {
    const { partialCostPrior, partialCostPriorSeconds } = LOAD_SMOOTHING;
    const { final, partial } = this.#seen.get(pace) ?? { final: 0, partial: 0 };

    return (
      (partial + (partialCostPrior / pace) * partialCostPriorSeconds) / (final + partialCostPriorSeconds)
    );
  }
}
