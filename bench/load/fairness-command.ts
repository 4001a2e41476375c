import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { readConfig } from '../../server/config/config.ts';
import { Failure } from '../../server/failure.ts';
import { wholeNumber } from '../number-flags.ts';
import { chartTitle, saveFigures } from '../save-figures.ts';
import { measureCapacity } from './capacity-bench.ts';
import { prepareClips } from './clips.ts';
import { type Contender, contenders } from './contenders.ts';
import { type ContenderFairness, type FairnessOptions, measureFairness } from './fairness-bench.ts';
import { fairnessFigures, fairnessPanels, fairnessTable } from './fairness-report.ts';
import { drawLines } from './line-chart.ts';
import { type LoadFlags, withLoadFlags } from './load-flags.ts';
import { ProgressLine } from './progress-line.ts';

/** Length of a step when the capacity has to be found first: shorter than `bench capacity` takes, and so coarser. */
const QUICK_SECONDS = 20;
const MOST_STREAMS = 1000;

interface Flags extends LoadFlags {
  readonly capacity?: number;
  readonly hogs: number;
  readonly hogSpeed: number;
}

async function measure(flags: Flags): Promise<void> {
  const { data, seconds, participants, messageMs, seed, json, chart } = flags;
  const line = new ProgressLine();
  const note = (text: string) => line.note(text);
  const clips = await prepareClips(data, note);
  const { tailPaddingMs } = readConfig();
  const shared = { clips, seconds, participants, messageMs, seed, tailPaddingMs };
  const progress = (text: string) => line.show(text);
  const hogs = { count: flags.hogs, speed: flags.hogSpeed };
  const all: ContenderFairness[] = [];
  try {
    for (const contender of contenders(flags)) {
      const options = { ...shared, progress, hogs };
      const capacity = flags.capacity ?? (await findCapacity(contender, options, note));
      all.push(await measureFairness(contender, { ...options, capacity }));
    }
  } finally {
    line.end();
    clips.remove();
  }
  for (const fairness of all) console.log(fairnessTable(fairness));
  if (json !== undefined) await saveFigures(json, { seconds, participants, hogs, ...fairnessFigures(all) });
  if (chart !== undefined)
    await writeFile(chart, drawLines(chartTitle('Who gets what'), fairnessPanels(all)));
}

async function findCapacity(
  contender: Contender,
  options: Omit<FairnessOptions, 'capacity'>,
  note: (text: string) => void,
): Promise<number> {
  const search = { ...options, seconds: QUICK_SECONDS, maxStreams: MOST_STREAMS, note };
  const { onTimeStreams } = await measureCapacity(contender, search);
  if (onTimeStreams === 0)
    throw new Failure(`${contender.name} holds not even one meeting on time here; --capacity sets a number.`);

  return onTimeStreams;
}

/** `bench fairness`: who gets what when there is not enough, and what a hog costs the others. */
export function fairnessCommand(): Command {
  return withLoadFlags(new Command('fairness'), { seconds: 60, peer: false })
    .description(
      'Measure how late finals are at one and a half times the capacity, how evenly streams are served at two and three times, and what those cost the others that send too fast.',
    )
    .addOption(
      new Option('--capacity <STREAMS>', 'streams held on time; found first, coarsely, without it').argParser(
        wholeNumber(1, MOST_STREAMS),
      ),
    )
    .addOption(
      new Option('--hogs <COUNT>', 'streams that send too fast').argParser(wholeNumber(1, 100)).default(2),
    )
    .addOption(
      new Option('--hog-speed <FACTOR>', 'how many times as fast as they speak')
        .argParser(wholeNumber(2, 100))
        .default(10),
    )
    .action(measure);
}
