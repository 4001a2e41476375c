import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { readConfig } from '../../server/config/config.ts';
import { describeMachine, nameMachine } from '../machine.ts';
import { wholeNumber } from '../number-flags.ts';
import { chartTitle, saveFigures } from '../save-figures.ts';
import { type CapacityOptions, type ContenderCapacity, measureCapacity } from './capacity-bench.ts';
import { capacityFigures, capacityPanels, capacityTable } from './capacity-report.ts';
import { prepareClips } from './clips.ts';
import { contenders } from './contenders.ts';
import { drawLines } from './line-chart.ts';
import { type LoadFlags, withLoadFlags } from './load-flags.ts';
import { ProgressLine } from './progress-line.ts';

const MOST_STREAMS = 10_000;

interface Flags extends LoadFlags {
  readonly maxStreams: number;
}

async function measure(flags: Flags): Promise<void> {
  const { data, seconds, participants, messageMs, maxStreams, seed, json, chart } = flags;
  const line = new ProgressLine();
  const note = (text: string) => line.note(text);
  const clips = await prepareClips(data, note);
  const progress = (text: string) => line.show(text);
  const { tailPaddingMs } = readConfig();
  const options: CapacityOptions = {
    ...{ clips, seconds, participants, messageMs, maxStreams, seed, tailPaddingMs },
    ...{ progress, note },
  };
  const capacities: ContenderCapacity[] = [];
  try {
    for (const contender of contenders(flags)) capacities.push(await measureCapacity(contender, options));
  } finally {
    line.end();
    clips.remove();
  }
  console.log(`On ${nameMachine(describeMachine())}`);
  for (const capacity of capacities) console.log(capacityTable(capacity));
  if (json !== undefined) await saveFigures(json, capacityFigures(capacities, options));
  if (chart !== undefined)
    await writeFile(chart, drawLines(chartTitle('Streams held on time'), capacityPanels(capacities)));
}

/** `bench capacity`: how many streams are held on time. */
export function capacityCommand(): Command {
  return withLoadFlags(new Command('capacity'), { seconds: 40, peer: true })
    .description('Find the largest number of streams whose captions are on time, and that of a peer beside.')
    .addOption(
      new Option('--max-streams <COUNT>', 'no more are tried')
        .argParser(wholeNumber(1, MOST_STREAMS))
        .default(1000),
    )
    .action(measure);
}
