import { samplesToMs } from './sample-time.ts';

/** When a stream's audio was spoken: plain data. */
export interface TimelineState {
  /** When its first sample was spoken, in milliseconds since 1970; null before there is audio. */
  readonly originMs: number | null;
  /** From each sample on, the time in which nothing was recorded, since the stream began. */
  readonly gaps: readonly { readonly fromSample: number; readonly totalMs: number }[];
}

/**
 * Gaps remembered: those of audio that is still to be captioned. One that mutes and speaks for less than a window, again and
 * again, has its older ones forgotten.
 */
const MAX_GAPS = 256;

/** Tells when a stream's audio was spoken, by this machine's clock. */
export class Timeline {
  #originMs: number | null;
  #gaps: { readonly fromSample: number; readonly totalMs: number }[];

  constructor({ originMs, gaps }: TimelineState = { originMs: null, gaps: [] }) {
    this.#originMs = originMs;
    this.#gaps = [...gaps];
  }

  /** Audio came that was spoken until now. Counts the first time only. @param nowMs since 1970. */
  begin(samples: number, nowMs: number): void {
    this.#originMs ??= nowMs - samplesToMs(samples);
  }

  /** Nothing was recorded for a while before `fromSample`. */
  gap(fromSample: number, durationMs: number): void {
    const totalMs = (this.#gaps.at(-1)?.totalMs ?? 0) + durationMs;
    this.#gaps.push({ fromSample, totalMs });
    if (this.#gaps.length > MAX_GAPS) this.#gaps.shift();
  }

  /** In milliseconds since 1970; 0 before there is audio. */
  spokenAtMs(sample: number): number {
    const gapMs = this.#gaps.findLast(({ fromSample }) => fromSample <= sample)?.totalMs ?? 0;

    return Math.round((this.#originMs ?? 0) + samplesToMs(sample) + gapMs);
  }

  /** What there is to know of audio from `settledSample` on: gaps behind it are told again by whoever sends it again. */
  save(settledSample: number): TimelineState {
    const last = this.#gaps.findLast(({ fromSample }) => fromSample <= settledSample);

    return { originMs: this.#originMs, gaps: last ? [last] : [] };
  }
}
