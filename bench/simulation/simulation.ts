import { type CostLaw, CostModel } from '../../scheduler/cost-model.ts';
import { FairScheduler } from '../../scheduler/fair-scheduler.ts';
import type { Batch } from '../../scheduler/scheduler.ts';
import { EventQueue } from './event-queue.ts';
import { batchMs, type MachineLaw } from './machine-law.ts';
import { randomNumbers } from './random-numbers.ts';
import { scriptSegment } from './segment-script.ts';
import { type Promises, type Request, SimulatedStream, type StreamWorld } from './simulated-stream.ts';
import { StreamTally } from './stream-tally.ts';

/** What is simulated. */
export interface Scenario {
  /** Streams besides the hogs', in meetings of `meetingSize`, in each of which one speaks at a time. */
  readonly streams: number;
  readonly meetingSize: number;
  /** Streams, each in a meeting of its own, that speak without end, `HOG_SPEED` times faster than real time. */
  readonly hogs: number;
  /** Share of the meetings that have weight 4, in [0, 1]. */
  readonly priorityShare: number;
  readonly threads: number;
  readonly law: MachineLaw;
  /** How far a batch may last longer or shorter than the law says, as a share. */
  readonly noise: number;
  /** Virtual time that counts, and that passes before. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly seed: number;
  readonly maxBatchSize: number;
  readonly maxBatchMs: number;
  readonly maxLeadMs: number;
  /** As in `JobKind`; any when left out. */
  readonly maxLengthRatio?: number;
  /** What the scheduler believes of costs at first; of a processor when left out. */
  readonly prior?: CostLaw;
  readonly promises: Promises;
}

/** What came of it. */
export interface Outcome {
  readonly streams: readonly StreamTally[];
  /** Jobs in each batch that began within the time that counts. */
  readonly batchSizes: readonly number[];
  /** Share of the threads' time, within the time that counts, that they were busy. */
  readonly utilisation: number;
}

export const HOG_SPEED = 10;
export const PRIORITY_WEIGHT = 4;
/** Segments a speaker speaks before another one does: 1, 2, 3 or 4, all as likely. */
const MAX_SEGMENTS_PER_TURN = 4;
/** Least silence between two segments: what ends one. Up to a second more. */
const GAP_MS = 800;

/**
 * Runs a server in virtual time: the real scheduler and cost model, speakers by chance, and threads that take as long
 * as a law says. Events only, no threads and no clock: the same scenario has the same outcome everywhere.
 */
export function simulate(scenario: Scenario): Outcome {
  return new Simulation(scenario).run();
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #events = new EventQueue();
  readonly #scheduler: FairScheduler<Request>;
  readonly #noise: () => number;
  readonly #world: StreamWorld;
  readonly #streams: SimulatedStream[] = [];
  readonly #batchSizes: number[] = [];
  readonly #fromMs: number;
  readonly #toMs: number;
  #idle: number;
  #busyMs = 0;
  #pumpQueued = false;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const { threads, seed, warmUpSeconds, seconds, maxBatchSize, maxBatchMs, maxLeadMs } = scenario;
    const { maxLengthRatio = Number.POSITIVE_INFINITY } = scenario;
    this.#fromMs = warmUpSeconds * 1000;
    this.#toMs = this.#fromMs + seconds * 1000;
    this.#idle = threads;
    this.#noise = randomNumbers(seed);
    this.#scheduler = new FairScheduler({
      kinds: [{ maxBatchSize, maxBatchMs, maxLengthRatio, costs: new CostModel(scenario.prior) }],
      maxLeadMs,
      maxFinalsPerFlow: Number.POSITIVE_INFINITY,
    });
    this.#world = {
      events: this.#events,
      scheduler: this.#scheduler,
      promises: scenario.promises,
      drafts: scenario.law.drafts ?? true,
      aloneMs: (work) => batchMs(scenario.law, [work]),
      counts: (atMs) => atMs >= this.#fromMs && atMs < this.#toMs,
      countedMs: (fromMs, toMs) => Math.max(0, Math.min(toMs, this.#toMs) - Math.max(fromMs, this.#fromMs)),
      onQueued: () => this.#pumpSoon(),
    };
  }

  run(): Outcome {
    const { streams, meetingSize, hogs, priorityShare, threads, seconds, seed } = this.#scenario;
    const meetings = Math.ceil(streams / meetingSize);
    for (let i = 0; i < meetings; i++) {
      // Spread evenly over the meetings: every fourth, if a quarter has it.
      const weight =
        Math.floor((i + 1) * priorityShare) > Math.floor(i * priorityShare) ? PRIORITY_WEIGHT : 1;
      const size = Math.min(meetingSize, streams - i * meetingSize);
      this.#meet(`meeting ${i}`, size, weight, 1, seed + 1 + i);
    }
    for (let i = 0; i < hogs; i++) this.#meet(`hog ${i}`, 1, 1, HOG_SPEED, seed + 1 + meetings + i);
    while (this.#events.step());

    return {
      streams: this.#streams.map(({ tally }) => tally),
      batchSizes: this.#batchSizes,
      utilisation: this.#busyMs / (threads * seconds * 1000),
    };
  }

  /** Starts a meeting: from some moment of the first seconds on somebody speaks, then somebody else. */
  #meet(name: string, size: number, weight: number, speed: number, seed: number): void {
    // Neighbouring seeds make like numbers at first.
    const random = randomNumbers(Math.imul(seed, 0x9e3779b1));
    const members = Array.from(
      { length: size },
      (_, i) => new SimulatedStream(`${name}/${i}`, name, new StreamTally(weight, speed), this.#world),
    );
    this.#streams.push(...members);
    let [speaker, segmentsLeft] = [0, 0];
    const speak = () => {
      if (this.#events.nowMs >= this.#toMs) return;
      if (segmentsLeft-- === 0) {
        segmentsLeft = Math.floor(MAX_SEGMENTS_PER_TURN * random());
        speaker = (speaker + 1 + Math.floor((size - 1) * random())) % size;
      }
      const spokenMs = members[speaker]!.speak(scriptSegment(random));
      this.#events.at(this.#events.nowMs + spokenMs + (GAP_MS + 1000 * random()) / speed, speak);
    };
    this.#events.at((10_000 * random()) / speed, speak);
  }

  /** After all that happens at this moment: what comes together may share a batch. */
  #pumpSoon(): void {
    if (this.#pumpQueued) return;
    this.#pumpQueued = true;
    this.#events.at(this.#events.nowMs, () => {
      this.#pumpQueued = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#idle > 0) {
      const batch = this.#scheduler.schedule(this.#events.nowMs, this.#idle);
      if (!batch) return;
      this.#begin(batch);
    }
  }

  #begin(batch: Batch<Request>): void {
    const { law, noise } = this.#scenario;
    const { nowMs } = this.#events;
    const tookMs = batchMs(law, batch.works) * (1 + noise * (2 * this.#noise() - 1));
    this.#idle--;
    this.#busyMs += this.#world.countedMs(nowMs, nowMs + tookMs);
    if (this.#world.counts(nowMs)) this.#batchSizes.push(batch.jobs.length);
    for (const { payload } of batch.jobs) payload.stream.begun(payload);
    this.#events.at(nowMs + tookMs, () => {
      this.#idle++;
      this.#scheduler.complete(batch, tookMs);
      for (const { payload } of batch.jobs) payload.stream.done(payload);
      this.#pumpSoon();
    });
  }
}
