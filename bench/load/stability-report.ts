import type { CaptionSteps } from '../../server/stream/caption-stability.ts';
import { formatRows, type Row } from '../table.ts';
import { meetingStreams, type Percentiles, percentiles } from './figures.ts';
import type { LoadReport } from './run-load.ts';
import type { ShownSteps } from './shown-captions.ts';

/** How often readers see words taken back, and how long words take to stand. */
export interface StabilityFigures {
  /** Of finals. */
  readonly words: number;
  /** Erased words for each word of a final. */
  readonly flicker: number;
  /** Time to stable, over words, in ms. */
  readonly stableMs: Percentiles;
}

/** Of captions as they were sent, and as they are shown. */
export type StabilityBySight = Readonly<Record<keyof ShownSteps, StabilityFigures>>;

/** Most erased words for a word of a final, as it is shown. */
export const FLICKER_BAR = 0.3;

/** Over finals whose audio was spoken in the window. */
export function stabilityFigures(report: LoadReport): StabilityBySight {
  const { fromMs, toMs } = report.window;
  const steps = meetingStreams(report)
    .flatMap(({ record }) => record.captions)
    .filter(({ spokenMs }) => spokenMs >= fromMs && spokenMs < toMs)
    .flatMap((caption) => caption.steps ?? []);

  return { sent: sum(steps.map(({ sent }) => sent)), shown: sum(steps.map(({ shown }) => shown)) };
}

function sum(steps: readonly CaptionSteps[]): StabilityFigures {
  const words = steps.reduce((total, step) => total + step.words, 0);
  const erased = steps.reduce((total, step) => total + step.erasedWords, 0);

  return {
    words,
    flicker: erased / words,
    stableMs: percentiles(steps.flatMap((step) => step.stableAfterMs)),
  };
}

/** A row for captions as they were sent, and one for what readers are shown. */
export function stabilityTable(name: string, { sent, shown }: StabilityBySight): string {
  const isSteady = shown.flicker <= FLICKER_BAR;

  return `\n${name}: how steady captions are; time to stable in ms from the moment a word was spoken\n${formatRows(
    [row('as sent', sent), row('as shown', shown)],
  )}\nAs shown, at most ${FLICKER_BAR} erased words for each final one: ${isSteady ? 'they are fewer.' : 'there are more.'}`;
}

function row(captions: string, { words, flicker, stableMs }: StabilityFigures): Row {
  const ms = (value: number) => (Number.isNaN(value) ? '-' : Math.round(value));

  return {
    captions,
    'final words': words,
    'erased/word': Number.isNaN(flicker) ? '-' : flicker.toFixed(3),
    'stable p50': ms(stableMs.p50),
    p90: ms(stableMs.p90),
    p95: ms(stableMs.p95),
  };
}
