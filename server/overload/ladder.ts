import type { ServiceLevel, ServiceReason } from '../../client-sdk/protocol.ts';
import {
  type BusyShare,
  finalsLag,
  isCalm,
  type Load,
  LoadMeter,
  type LoadSample,
  PartialCosts,
} from './load.ts';
import { LADDER_LIMITS, LOAD_SMOOTHING } from './thresholds.ts';

/** What a server does as its load grows, from the first to the last. */
export const LADDER_STEPS = ['full', 'slower-partials', 'finals-only', 'waiting-room', 'refuse'] as const;

export type LadderStep = (typeof LADDER_STEPS)[number];

/** What streams and newcomers get at a step. */
export interface StepMeaning {
  readonly service: ServiceLevel;
  /**
   * Newcomers come in as they arrive; one after the other, at the pace of `AdmissionControl`; or not at all. Where nobody
   * comes in they wait in the waiting room, and at the last step they are refused.
   */
  readonly admits: 'at once' | 'in turn' | 'nobody';
  /** Times `partialIntervalMs`. Infinite where there are no partials but what is likely to become final. */
  readonly partialPace: number;
}

/** What each step means. Finals come at all of them. */
export const STEP_MEANINGS: Readonly<Record<LadderStep, StepMeaning>> = {
  full: { service: 'full', admits: 'at once', partialPace: 1 },
  'slower-partials': { service: 'slower-partials', admits: 'in turn', partialPace: 2 },
  'finals-only': { service: 'finals-only', admits: 'in turn', partialPace: Number.POSITIVE_INFINITY },
  'waiting-room': { service: 'finals-only', admits: 'nobody', partialPace: Number.POSITIVE_INFINITY },
  refuse: { service: 'finals-only', admits: 'nobody', partialPace: Number.POSITIVE_INFINITY },
};

/** A step up or down, always to the next one. */
export interface LadderChange {
  readonly from: LadderStep;
  readonly to: LadderStep;
  readonly reason: ServiceReason;
}

interface RiseRule {
  readonly reason: ServiceReason;
  /** Where it leads up from. */
  readonly from: readonly LadderStep[];
  /** How long it has to hold. */
  readonly holdMs: number;
  readonly holds: (load: Load) => boolean;
}

const BEFORE_WAITING: readonly LadderStep[] = ['full', 'slower-partials', 'finals-only'];

/** What leads up, most urgent first. */
const RISE_RULES: readonly RiseRule[] = [
  {
    reason: 'inference-backlog',
    from: BEFORE_WAITING,
    holdMs: LADDER_LIMITS.riseUrgentlyAfterMs,
    holds: (load) => load.finalWaitMs > LADDER_LIMITS.finalWaitMs,
  },
  {
    reason: 'inference-backlog',
    from: ['waiting-room'],
    holdMs: LADDER_LIMITS.riseUrgentlyAfterMs,
    holds: (load) => load.finalWaitMs > LADDER_LIMITS.refuseWaitMs,
  },
  {
    reason: 'inference-backlog',
    from: BEFORE_WAITING,
    holdMs: LADDER_LIMITS.riseAfterMs,
    holds: (load) => load.busyShare.final > LADDER_LIMITS.finalBusyShare,
  },
  {
    reason: 'inference-backlog',
    from: ['full', 'slower-partials'],
    holdMs: LADDER_LIMITS.riseAfterMs,
    holds: (load) => load.totalWaitMs > LADDER_LIMITS.totalWaitMs,
  },
  {
    reason: 'late-captions',
    from: BEFORE_WAITING,
    holdMs: LADDER_LIMITS.riseAfterMs,
    holds: (load) => finalsLag(load, LADDER_LIMITS.finalLagMs),
  },
  {
    reason: 'event-loop-delay',
    from: [...BEFORE_WAITING, 'waiting-room'],
    holdMs: LADDER_LIMITS.riseAfterMs,
    holds: (load) => load.eventLoopDelayMs > LADDER_LIMITS.eventLoopDelayMs,
  },
  {
    reason: 'late-captions',
    from: ['waiting-room'],
    holdMs: LADDER_LIMITS.notHelpingAfterMs,
    holds: (load) =>
      load.finalWaitMs > LADDER_LIMITS.finalWaitMs || finalsLag(load, LADDER_LIMITS.finalLagMs),
  },
];

/** How eagerly a step is left downwards. */
interface Patience {
  fallAfterMs: number;
  fellAtMs: number;
  bouncedAtMs: number;
}

/**
 * Decides how much service a server can give, from what it measures: first partials come slower, then only finals, then
 * newcomers wait, then they are refused. Finals go before everything else in the scheduler; the ladder sees to it that
 * finals alone are never more than the threads can do.
 *
 * One step at a time. Up when the load has stood above a rule's limit for its time. Down after some seconds of calm, and
 * only when what the lower step adds is expected to fit; a step down that did not hold makes the next try wait longer.
 * Pure: the same samples at the same times give the same steps.
 */
export class Ladder {
  readonly #meter = new LoadMeter();
  readonly #costs = new PartialCosts();
  #index = 0;
  #observedAtMs: number | null = null;
  #changedAtMs = Number.NEGATIVE_INFINITY;
  /** Since when each rule has held. */
  readonly #holdsSince = new Map<RiseRule, number>();
  #calmSinceMs: number | null = null;
  /** By step: when the server was last at it. */
  readonly #lastAtMs = LADDER_STEPS.map(() => Number.NEGATIVE_INFINITY);
  readonly #patience: readonly Patience[] = LADDER_STEPS.map(() => ({
    fallAfterMs: LADDER_LIMITS.fallAfterMs,
    fellAtMs: Number.NEGATIVE_INFINITY,
    bouncedAtMs: Number.NEGATIVE_INFINITY,
  }));

  get step(): LadderStep {
    return LADDER_STEPS[this.#index]!;
  }

  get meaning(): StepMeaning {
    return STEP_MEANINGS[this.step];
  }

  /** How busy the threads are, smoothed over some seconds; what `AdmissionControl` asks for. */
  get busyShare(): BusyShare {
    return this.#meter.busyShare;
  }

  /**
   * Takes a sample, about twice a second.
   * @param nowMs not before that of the last one.
   * @returns the step taken, or null.
   */
  observe(sample: LoadSample, nowMs: number): LadderChange | null {
    const elapsedMs = Math.max(0, nowMs - (this.#observedAtMs ?? nowMs));
    this.#observedAtMs = nowMs;
    const load = this.#meter.read(sample, elapsedMs);
    this.#lastAtMs[this.#index] = nowMs;
    const { partialPace } = this.meaning;
    if (partialPace < Number.POSITIVE_INFINITY && nowMs - this.#changedAtMs > LOAD_SMOOTHING.settlingMs) {
      this.#costs.learn(partialPace, load, elapsedMs);
    }

    return this.#rise(load, nowMs) ?? this.#fall(load, nowMs);
  }

  #rise(load: Load, nowMs: number): LadderChange | null {
    let due: RiseRule | null = null;
    for (const rule of RISE_RULES) {
      if (!rule.from.includes(this.step) || !rule.holds(load)) {
        this.#holdsSince.delete(rule);
        continue;
      }
      const sinceMs = this.#holdsSince.get(rule) ?? nowMs;
      this.#holdsSince.set(rule, sinceMs);
      if (nowMs - sinceMs >= rule.holdMs) due ??= rule;
    }
    if (!due) return null;
    const patience = this.#patience[this.#index + 1]!;
    // The longer the calm that was waited for, the slower may be what comes back: those let in since, for one.
    if (nowMs - patience.fellAtMs <= LADDER_LIMITS.bounceWithinMs + patience.fallAfterMs) {
      patience.fallAfterMs = Math.min(2 * patience.fallAfterMs, LADDER_LIMITS.maxFallAfterMs);
      patience.bouncedAtMs = nowMs;
    }

    return this.#move(1, due.reason, nowMs);
  }

  #fall(load: Load, nowMs: number): LadderChange | null {
    if (this.#index === 0 || !isCalm(load) || !this.#fits(load, nowMs)) {
      this.#calmSinceMs = null;
      return null;
    }
    this.#calmSinceMs ??= nowMs;
    const patience = this.#patience[this.#index]!;
    if (nowMs - patience.bouncedAtMs > LADDER_LIMITS.forgetAfterMs) {
      patience.fallAfterMs = LADDER_LIMITS.fallAfterMs;
    }
    if (nowMs - this.#calmSinceMs < patience.fallAfterMs) return null;
    patience.fellAtMs = nowMs;

    return this.#move(-1, 'recovered', nowMs);
  }

  /** Whether what the step below adds is expected to fit. */
  #fits(load: Load, nowMs: number): boolean {
    const below = this.#index - 1;
    const step = LADDER_STEPS[below]!;
    if (step === 'waiting-room') return true;
    if (load.busyShare.final > LADDER_LIMITS.opensBelowBusy) return false;
    if (step === 'finals-only') return true;

    return this.#partialsBusy(step, load, nowMs) + load.busyShare.final < LADDER_LIMITS.fitsBelowBusy;
  }

  /** The share of the threads that a lower step's partials are expected to take. */
  #partialsBusy(step: LadderStep, load: Load, nowMs: number): number {
    const { partialPace } = STEP_MEANINGS[step];
    const untriedMs = nowMs - this.#lastAtMs[LADDER_STEPS.indexOf(step)]!;
    if (untriedMs <= LADDER_LIMITS.forgetAfterMs) return this.#costs.forecast(partialPace, load);
    // What was learned there is not believed any more: the partials of this step say the most that it can be, and where
    // there are none only trying tells.
    const now = this.meaning.partialPace;

    return now === Number.POSITIVE_INFINITY ? 0 : (load.busyShare.partial * now) / partialPace;
  }

  #move(by: 1 | -1, reason: ServiceReason, nowMs: number): LadderChange {
    const from = this.step;
    this.#index += by;
    this.#changedAtMs = nowMs;
    this.#calmSinceMs = null;
    this.#holdsSince.clear();

    return { from, to: this.step, reason };
  }
}
