import { describeProgress } from './capacity-bench.ts';
import type { LoadClips } from './clips.ts';
import { type Contender, streamUrl } from './contenders.ts';
import {
  type Admission,
  admissionOf,
  type Evenness,
  evenness,
  type Service,
  serviceOfStreams,
} from './fairness-figures.ts';
import { delays, endedBySilence, type LoadFigures, loadFigures, meetingStreams } from './figures.ts';
import { ON_TIME } from './judge.ts';
import { type LoadReport, runLoad } from './run-load.ts';

/** What is measured, of each contender alike. */
export interface FairnessOptions {
  readonly clips: LoadClips;
  readonly seconds: number;
  readonly participants: number;
  readonly messageMs: number;
  readonly seed: number;
  readonly tailPaddingMs: number;
  /** Streams the server holds on time. */
  readonly capacity: number;
  readonly hogs: { readonly count: number; readonly speed: number };
  readonly progress: (text: string) => void;
}

/** A number of streams held for a while. */
export interface FairnessRun {
  readonly streams: number;
  /** Over the capacity. */
  readonly load: number;
  readonly hogs: number;
  /** Who came in, of the meetings' streams. */
  readonly admission: Admission;
  /** What each talking stream got. */
  readonly services: readonly Service[];
  readonly shown: Evenness;
  readonly captioned: Evenness;
  readonly partials: Evenness;
  /** Of the meetings' streams, without hogs. */
  readonly figures: LoadFigures;
  /** Delays of the meetings' finals in the window, in ms, sorted. */
  readonly finalDelaysMs: readonly number[];
}

/** How one contender shares what it has. */
export interface ContenderFairness {
  readonly name: Contender['name'];
  readonly capacity: number;
  /** Below capacity, without hogs and with them. */
  readonly calm: FairnessRun;
  readonly hogged: FairnessRun;
  /** Somewhat above it: what the server can still put right by serving each less and having newcomers wait. */
  readonly ladder: FairnessRun;
  /** Far above it, in rising order. */
  readonly overloads: readonly FairnessRun[];
  /** 95th percentile of the others' finals with hogs over that without. */
  readonly hogRatio: number;
}

/** Share of the capacity at which hogs join: what is left is less than they ask for. */
const CALM_LOAD = 0.5;
const LADDER_LOAD = 1.5;
const OVERLOADS = [2, 3];
/** Every final at `LADDER_LOAD` is to be there by then: twice what capacity allows the 95th percentile. */
export const LADDER_FINAL_BAR_MS = 2 * ON_TIME.finalP95Ms;

/** Starts a contender's server anew for each run, so that none has another's backlog to work off. */
export async function measureFairness(
  contender: Contender,
  options: FairnessOptions,
): Promise<ContenderFairness> {
  const hold = (load: number, hogs: number) => holdRun(contender, load, hogs, options);
  const calm = await hold(CALM_LOAD, 0);
  const hogged = await hold(CALM_LOAD, options.hogs.count);
  const ladder = await hold(LADDER_LOAD, 0);
  const overloads: FairnessRun[] = [];
  for (const load of OVERLOADS) overloads.push(await hold(load, 0));
  const hogRatio = hogged.figures.finals.p95 / calm.figures.finals.p95;

  return { name: contender.name, capacity: options.capacity, calm, hogged, ladder, overloads, hogRatio };
}

/**
 * Holds so many times the capacity on a server of its own.
 * @param hogs streams that send too fast besides.
 */
export async function holdRun(
  contender: Contender,
  load: number,
  hogs: number,
  options: FairnessOptions,
): Promise<FairnessRun> {
  const { clips, seconds, participants, messageMs, seed, tailPaddingMs, capacity, progress } = options;
  const streams = participants * Math.max(1, Math.round((load * capacity) / participants));
  const what = `${contender.name}, ${streams} streams${hogs > 0 ? ` and ${hogs} hogs` : ''}`;
  progress(`${what}: starting`);
  const server = await contender.start();
  try {
    const report = await runLoad({
      url: streamUrl(server),
      ...{ clips, seconds, participants, messageMs, seed, tailPaddingMs, streams },
      hogs: { count: hogs, speed: options.hogs.speed },
      onProgress: (at) => progress(`${what}: ${describeProgress(at)}`),
    });

    const services = serviceOfStreams(report, tailPaddingMs);
    const admission = admissionOf(report);
    const even = (of: (service: Service) => number) => evenness(services.map(of), admission.shutOut);

    return {
      ...{ streams, load: streams / capacity, hogs, services, admission },
      shown: even(({ shown }) => shown),
      captioned: even(({ captioned }) => captioned),
      partials: even(({ partialsPerSecond }) => partialsPerSecond),
      figures: loadFigures(report, clips.clips),
      finalDelaysMs: finalDelays(report),
    };
  } finally {
    await server.stop();
  }
}

function finalDelays(report: LoadReport): readonly number[] {
  return meetingStreams(report)
    .flatMap(({ record }) => delays(record, report.window, endedBySilence))
    .sort((a, b) => a - b);
}
