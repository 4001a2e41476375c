import { FrontDoor, type Guest } from '../../server/overload/front-door.ts';
import type { LoadSample } from '../../server/overload/load.ts';
import { ManualClock } from './manual-clock.ts';

/** Nothing to do. */
export const CALM: LoadSample = {
  backlogMs: { final: 0, total: 0 },
  threads: 1,
  busyShare: { final: 0, partial: 0 },
  finalLagMs: null,
  eventLoopDelayMs: 0,
};
/** So many partials queued that they come slower. */
export const SLOW_PARTIALS: LoadSample = {
  ...CALM,
  backlogMs: { final: 0, total: 3000 },
  busyShare: { final: 0.2, partial: 0.8 },
};
/** So many finals queued that nobody is let in. */
export const LATE_FINALS: LoadSample = {
  ...CALM,
  backlogMs: { final: 2000, total: 3000 },
  busyShare: { final: 0.9, partial: 0.1 },
};

/** A front door for two inside and two waiting, and all that it told, in short. */
export function openDoor(limits: { maxStreams?: number; maxWaiting?: number } = {}) {
  const clock = new ManualClock();
  const told: string[] = [];
  const load = { now: CALM };
  const door = new FrontDoor({
    clock,
    maxStreams: 2,
    maxWaiting: 2,
    threads: 1,
    ...limits,
    sample: () => load.now,
    onService: ({ level, reason }) => told.push(`viewers: ${level}, ${reason}`),
    onStep: ({ from, to }) => told.push(`step: ${from} to ${to}`),
    onAdmitted: (waitedMs) => told.push(`admitted after ${waitedMs}`),
  });
  const guest = (name: string, weight = 1): Guest => ({
    weight,
    admit: () => told.push(`${name}: ready`),
    tellPlace: (ahead, expectedWaitMs) => told.push(`${name}: ${ahead} ahead, ${expectedWaitMs} ms`),
    serve: ({ level }, pace) => told.push(`${name}: ${level}, ${pace}`),
    fault: (error) => told.push(`${name}: ${String(error)}`),
  });
  /** Has new guests ask, in the order of their names. */
  const ask = (...names: string[]) => {
    const guests = names.map((name) => guest(name));
    for (const each of guests) door.ask(each);

    return guests;
  };

  return { clock, door, load, guest, ask, told };
}
