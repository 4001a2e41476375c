import { moonshineCapabilities } from '../../inference/moonshine/capabilities.ts';
import type { ResolvedModel } from '../../server/model-store/store.ts';
import type { Row } from '../table.ts';
import type { Panel } from './chart.ts';
import { type Contenders, closeEngines, contenders, type Engines, loadEngines } from './contenders.ts';
import { type Contender, measureFinals } from './finals.ts';
import { measureFloors } from './floors.ts';
import { type Difference, findDifferences } from './margins.ts';
import { measureMemory } from './memory.ts';
import { measurePartials, type Partials } from './partials.ts';
import { finalRows, floorRows, memoryRows, partialRows, peakRows } from './rows.ts';
import { type FinalScore, type Headlines, headlines, scoreFinals } from './scores.ts';
import { audioSeconds, readSpokenClips, type SpokenClip } from './spoken-clips.ts';

/** A clip takes ten times as long as growing windows in three ways as it does whole: some have to do. */
const PARTIALS_EVERY = 16;
const FLOORS_EVERY = 16;
/** Clips that every engine decodes before the clock runs. */
const WARM_CLIPS = 2;

/** What is measured, and on what. */
export interface EngineBench {
  /** Folder of recordings. */
  readonly data: string;
  readonly model: ResolvedModel;
  /** Most clips to take. */
  readonly count: number;
  /** For temporary files; the caller removes it. */
  readonly folder: string;
  /** Told what is being done, and what is left out. */
  readonly note: (sentence: string) => void;
}

/** A table, with what it shows and how. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** What came out. */
export interface EngineReport {
  readonly headlines: Headlines;
  readonly clips: number;
  readonly audioSeconds: number;
  readonly sections: Readonly<Record<'finals' | 'partials' | 'floors' | 'peaks' | 'memory', Section>>;
  readonly differences: readonly Difference[];
  readonly panels: readonly Panel[];
}

/**
 * Measures everything, one thing at a time and each on one thread.
 * @throws {Failure} for want of recordings or of sherpa-onnx-node.
 */
export async function runEngineBench(bench: EngineBench): Promise<EngineReport> {
  const { data, model, count, folder, note } = bench;
  const { maxSegmentSamples: maxSamples, maxBatchSize } = moonshineCapabilities('rebuilt');
  const clips = await readSpokenClips({ data, languages: model.languages, maxSamples, count, note });
  const engines = await loadEngines(model, folder);
  const { own, files } = engines;
  const all = contenders(engines, maxBatchSize, note);
  await warm(engines, clips, maxBatchSize);
  const order = [
    all.reference,
    all.shipped,
    all.sherpa,
    all.cold,
    all.drafts,
    ...all.batches,
    all.byLength,
    all.draftedBatches,
  ];
  note(`${clips.length} clips whole, in ${order.length} ways …`);
  const heard = await measureFinals(clips, order, own, (done) => note(`${done} of ${clips.length}`));
  const [reference, cold] = [heard.get(all.reference)!, heard.get(all.cold)!];
  const scores = new Map(order.map((each) => [each, scoreFinals(clips, heard.get(each)!, reference, cold)]));
  const partialClips = every(PARTIALS_EVERY, clips);
  note(`${partialClips.length} clips as growing windows, in 3 ways …`);
  const partials = await measurePartials(partialClips, engines);
  const floorClips = every(FLOORS_EVERY, clips);
  note(`Floors, on ${floorClips.length} clips …`);
  const floors = await measureFloors(floorClips, own, files.own, files.shipped);
  const differences = await findDifferences(clips, cold, reference, files.reference);
  await closeEngines(engines);
  note('Memory, each engine in a process of its own …');
  const memory = await measureMemory(clips, model, files.vocabulary, folder);
  const titles = sectionTitles(clips.length, partialClips.length, floorClips.length);

  return {
    headlines: summarize(all, scores, partials),
    clips: clips.length,
    audioSeconds: audioSeconds(clips),
    sections: {
      finals: { title: titles.finals, rows: finalRows(scores) },
      partials: { title: titles.partials, rows: partialRows(partials) },
      floors: { title: titles.floors, rows: floorRows(floors) },
      peaks: { title: titles.peaks, rows: peakRows(floors) },
      memory: { title: titles.memory, rows: memoryRows(memory) },
    },
    differences,
    panels: panels(scores, partials),
  };
}

function sectionTitles(clips: number, partialClips: number, floorClips: number) {
  return {
    finals: `Whole clips (${clips}), engines in turns, one thread each; batches in shuffled order unless of like length`,
    partials: `Partials every 500 ms (${partialClips} of the clips), in turns, one thread`,
    floors: `This engine beside the floors of the machine (${floorClips} of the clips)`,
    peaks: 'What the floors are worked out of',
    memory: 'Time to load, and growth of memory with the longest clip and three more; a process each',
  };
}

async function warm(engines: Engines, clips: readonly SpokenClip[], maxBatchSize: number): Promise<void> {
  const { reference, shipped, sherpa, own } = engines;
  for (const engine of [reference, shipped, sherpa, own])
    for (const clip of clips.slice(0, WARM_CLIPS)) await engine.decode([clip]);
  await own.decode(clips.slice(0, maxBatchSize));
}

/** The first, and then every so many. */
function every<T>(step: number, items: readonly T[]): readonly T[] {
  return items.filter((_, i) => i % step === 0);
}

function summarize(
  all: Contenders,
  scores: ReadonlyMap<Contender, FinalScore>,
  { naive, cold, drafts }: Partials,
): Headlines {
  const of = (contender: Contender) => scores.get(contender)!;

  return headlines(
    {
      reference: of(all.reference),
      sherpa: of(all.sherpa),
      cold: of(all.cold),
      drafts: of(all.drafts),
      batches: new Map(all.batches.map((batch) => [batch.batchSize, of(batch)])),
      byLength: of(all.byLength),
      draftedBatches: of(all.draftedBatches),
    },
    { naive: naive.meanMs, cold: cold.meanMs, drafts: drafts.meanMs },
  );
}

function panels(
  scores: ReadonlyMap<Contender, FinalScore>,
  { naive, cold, drafts }: Partials,
): readonly Panel[] {
  const finalBars = [...scores].map(([{ name, own }, { audioPerSecond }]) => ({
    label: name,
    value: audioPerSecond,
    own,
  }));

  return [
    { title: 'Whole clips: seconds of audio decoded in a second (more is better)', bars: finalBars },
    {
      title: 'A partial every half second: milliseconds each (less is better)',
      bars: [
        { label: 'onnxruntime-node, shipped graphs', value: naive.meanMs, own: false },
        { label: 'this engine', value: cold.meanMs, own: true },
        { label: 'this engine, drafts', value: drafts.meanMs, own: true },
      ],
    },
  ];
}
