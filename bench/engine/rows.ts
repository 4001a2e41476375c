import type { Row } from '../table.ts';
import { sameTokens } from './agreement.ts';
import type { Contender } from './finals.ts';
import type { Floors } from './floors.ts';
import type { MemoryFigures, MemoryName } from './memory.ts';
import type { Partials, Window } from './partials.ts';
import type { FinalScore } from './scores.ts';
import type { Tally } from './tally.ts';

/** Stands where there is nothing to tell. */
export const NONE = '–';

const fixed = (value: number | null, digits: number) => value?.toFixed(digits) ?? NONE;
const percent = (share: number | null) => fixed(share === null ? null : 100 * share, 1);

/** Whole clips: a row for each contender. */
export function finalRows(scores: ReadonlyMap<Contender, FinalScore>): Row[] {
  return [...scores].map(([{ name }, score]) => ({
    engine: name,
    'audio s/s': fixed(score.audioPerSecond, 1),
    'passes/token': fixed(score.passesPerToken, 3),
    'tokens as reference %': percent(score.sameTokens),
    'words as reference %': percent(score.sameWords),
    'tokens as cold %': percent(score.sameAsCold),
    'word errors %': fixed(score.wordErrorRate, 2),
  }));
}

/** Partials: a row for each way of making them. */
export function partialRows({ naive, cold, drafts }: Partials): Row[] {
  const row = (way: string, tally: Tally<Window>): Row => ({
    way,
    windows: tally.batches,
    'ms/partial': fixed(tally.meanMs, 1),
    'p95 ms': fixed(tally.p95Ms, 1),
    'passes/token': fixed(tally.passesPerToken, 3),
    'tokens as cold %': percent(tally.share(cold, sameTokens)),
  });

  return [
    row('shipped graphs from the first word', naive),
    row('this engine from the first word', cold),
    row('this engine with drafts', drafts),
  ];
}

/** What takes how long, and could not take less on this machine. */
export function floorRows(floors: Floors): Row[] {
  const { encoder, decoder } = floors;
  const row = (what: string, measuredMs: number, floorMs: number): Row => ({
    what,
    measured: fixed(measuredMs, 2),
    floor: fixed(floorMs, 2),
    'times the floor': fixed(measuredMs / floorMs, 2),
  });

  return [
    row('encoder, ms per second of audio (arithmetic)', encoder.measuredMs, encoder.floorMs),
    row('decoder, ms per pass (bytes read from memory)', decoder.measuredMs, decoder.floorMs),
    row('decoder, ms per pass (the same bytes from cache)', decoder.measuredMs, decoder.cachedFloorMs),
  ];
}

/** What the floors are worked out of. */
export function peakRows(floors: Floors): Row[] {
  const giga = (value: number) => fixed(value / 1e9, 2);

  return [
    {
      what: 'multiply-adds of the encoder for a second of audio, 10⁹',
      value: giga(floors.encoder.multiplyAdds),
    },
    {
      what: 'multiply-adds a second, float32, one thread, 10⁹',
      value: giga(floors.multiplyAddsPerSecond),
    },
    { what: 'read by a pass of the decoder, MB', value: fixed(floors.decoder.bytes / 1e6, 2) },
    { what: 'read from memory, one thread, GB/s', value: giga(floors.memoryBandwidth) },
    { what: 'read from an array that large again and again, GB/s', value: giga(floors.cachedBandwidth) },
  ];
}

const MEMORY_NAMES: Readonly<Record<MemoryName, string>> = {
  shipped: 'onnxruntime-node',
  sherpa: 'sherpa-onnx-node',
  own: 'this engine',
  firstStart: 'this engine, first start',
};

/** Memory and time to load: a row for each engine. */
export function memoryRows(figures: Readonly<Record<MemoryName, MemoryFigures>>): Row[] {
  return Object.entries(MEMORY_NAMES).map(([name, engine]) => {
    const { loadMs, peakBytes } = figures[name as MemoryName];

    return { engine, 'load ms': fixed(loadMs, 0), 'peak MiB': fixed(peakBytes / 2 ** 20, 0) };
  });
}
