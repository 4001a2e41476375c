import { cpus } from 'node:os';
import { type Capacity, searchCapacity } from './capacity-search.ts';
import type { LoadClips } from './clips.ts';
import { type Contender, type LoadedServer, streamUrl } from './contenders.ts';
import { type LoadFigures, loadFigures } from './figures.ts';
import { type Judgement, judge } from './judge.ts';
import { knee } from './knee.ts';
import { Meter, overheadShare, type ServerUse } from './meter.ts';
import type { LoadProgress } from './records.ts';
import { rested } from './rested.ts';
import { runLoad, type SpeakingOptions } from './run-load.ts';
import { AloneReference } from './spoken-words.ts';

/** What is measured, of each contender alike. */
export interface CapacityOptions {
  readonly clips: LoadClips;
  readonly seconds: number;
  readonly participants: number;
  readonly messageMs: number;
  readonly maxStreams: number;
  readonly seed: number;
  readonly tailPaddingMs: number;
  /** Told how a step goes, over and over. */
  readonly progress: (text: string) => void;
  /** Told what came of a step. */
  readonly note: (text: string) => void;
}

/** A number of streams, held once. */
export interface CapacityStep {
  readonly streams: number;
  /** From 1 up: further ones follow where it failed near the edge, or said nothing. */
  readonly attempt: number;
  readonly figures: LoadFigures;
  readonly judgement: Judgement;
  readonly use: ServerUse;
  /** CPU of the server that went into no model, over all cores of this machine; NaN of a server that does not tell. */
  readonly overheadShare: number;
  /** CPU of the load generator, in cores. */
  readonly generatorCores: number;
}

/** What one contender can do. */
export interface ContenderCapacity extends Capacity {
  readonly name: Contender['name'];
  /** In the order they were held. */
  readonly steps: readonly CapacityStep[];
  /** Streams at which the partial lag's 95th percentile begins to rise; null where no step shows it. */
  readonly kneeStreams: number | null;
}

/** Starts a contender's server and finds out how many streams it holds on time. */
export async function measureCapacity(
  contender: Contender,
  options: CapacityOptions,
): Promise<ContenderCapacity> {
  const server = await contender.start();
  try {
    const { clips, messageMs, seed, tailPaddingMs, participants, maxStreams } = options;
    const speaking = { url: streamUrl(server), clips, messageMs, seed, tailPaddingMs };
    const alone = new AloneReference({
      ...speaking,
      onProgress: ({ closed }) => options.progress(`${contender.name}, one alone: ${closed} streams heard`),
    });
    const steps: CapacityStep[] = [];
    const capacity = await searchCapacity(
      async (streams, attempt) => {
        await rested(server);
        const usualPartials = steps[0]?.figures.partialsPerSpokenSecond ?? 0;
        const run = { streams, attempt, usualPartialsPerSecond: usualPartials };
        const step = await holdStep(contender, server, run, speaking, alone, options);
        steps.push(step);
        options.note(describeStep(contender.name, step));

        return step.judgement;
      },
      participants,
      maxStreams,
    );

    return { name: contender.name, ...capacity, steps, kneeStreams: knee(curve(steps)) };
  } finally {
    await server.stop();
  }
}

interface PlannedStep {
  readonly streams: number;
  readonly attempt: number;
  /** Those of the first step; 0 in it. */
  readonly usualPartialsPerSecond: number;
}

async function holdStep(
  { name }: Contender,
  server: LoadedServer,
  { streams, attempt, usualPartialsPerSecond }: PlannedStep,
  speaking: SpeakingOptions,
  alone: AloneReference,
  { clips, seconds, participants, progress }: CapacityOptions,
): Promise<CapacityStep> {
  const meter = new Meter(server);
  const report = await runLoad({
    ...speaking,
    streams,
    participants,
    seconds,
    onProgress: (at) => progress(`${name}, ${streams} streams: ${describeProgress(at)}`),
    onWindow: meter.read,
  });
  // The peer keeps no books; this server that does not tell has not passed.
  const untold = name === 'peer' ? 0 : Number.NaN;
  const imbalanceSamples = (await server.metrics()).get('roundtable_books_imbalance_samples') ?? untold;
  const judgedWith = { imbalanceSamples, usualPartialsPerSecond };
  let figures = loadFigures(report, clips.clips);
  let judgement = judge(figures, judgedWith);
  if (judgement.onTime) {
    // Only what would pass is worth the time.
    figures = loadFigures(report, clips.clips, await alone.hear(report.plans));
    judgement = judge(figures, { ...judgedWith, heardAlone: true });
  }
  const { fromMs, toMs } = report.window;
  const use = await meter.use();

  return {
    streams,
    attempt,
    figures,
    judgement,
    use,
    overheadShare: overheadShare(use, cpus().length),
    generatorCores: (1000 * report.generator.cpuSeconds) / (toMs - fromMs),
  };
}

/** How a run goes, in one line. */
export function describeProgress(progress: LoadProgress): string {
  const { atMs, endMs, open, partials, finals, errors, partialP95Ms, finalP95Ms, generatorLagMs } = progress;
  const p95 = (ms: number) => (Number.isNaN(ms) ? '' : ` (p95 ${Math.round(ms)} ms)`);
  const parts = [
    `${Math.max(0, atMs / 1000).toFixed(0)} of ${(endMs / 1000).toFixed(0)} s`,
    `${open} speak`,
    `${partials} partials${p95(partialP95Ms)}`,
    `${finals} finals${p95(finalP95Ms)}`,
    ...(errors > 0 ? [`${errors} errors`] : []),
    `generator ${Math.round(generatorLagMs)} ms late`,
  ];

  return parts.join(', ');
}

function describeStep(name: string, { streams, attempt, figures, judgement }: CapacityStep): string {
  const { finals, partials } = figures;
  const verdict = judgement.onTime ? 'on time' : `not on time: ${judgement.reasons.join('; ')}`;
  const again = attempt > 1 ? `, attempt ${attempt}` : '';
  const p95 = `finals p95 ${finals.p95.toFixed(0)} ms, partials p95 ${partials.p95.toFixed(0)} ms`;

  return `${name}, ${streams} streams${again}: ${p95}: ${verdict}`;
}

/** Partial lag over streams, the last attempt of each, by rising numbers. */
export function curve(
  steps: readonly CapacityStep[],
  of: (step: CapacityStep) => number = ({ figures }) => figures.partials.p95,
): readonly (readonly [streams: number, value: number])[] {
  const last = new Map(steps.map((step) => [step.streams, of(step)]));

  return [...last].sort(([a], [b]) => a - b);
}
