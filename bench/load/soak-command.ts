import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readConfig } from '../../server/config/config.ts';
import { wholeNumber } from '../number-flags.ts';
import { chartTitle, saveFigures } from '../save-figures.ts';
import { prepareClips } from './clips.ts';
import { drawLines } from './line-chart.ts';
import { ProgressLine } from './progress-line.ts';
import { runSoak } from './soak-bench.ts';
import { soakFigures } from './soak-figures.ts';
import { soakPanels, soakTable } from './soak-report.ts';

const MOST_STREAMS = 10_000;
const MOST_HOURS = 1000;

interface Flags {
  readonly data?: string;
  readonly hours: number;
  readonly streams: number;
  readonly participants: number;
  readonly killEveryS: number;
  readonly seed: number;
  readonly serverFlags?: string;
  readonly json?: string;
  readonly chart?: string;
}

async function measure(flags: Flags): Promise<void> {
  const { data, hours, streams, participants, killEveryS, seed, serverFlags = '', json, chart } = flags;
  const line = new ProgressLine();
  const clips = await prepareClips(data, (text) => line.note(text));
  try {
    const run = await runSoak({
      ...{ clips, streams, participants, seconds: 3600 * hours, seed },
      tailPaddingMs: readConfig().tailPaddingMs,
      killEverySeconds: killEveryS,
      serverFlags: serverFlags.split(' ').filter((flag) => flag !== ''),
      progress: (text) => line.show(text),
    }).finally(() => line.end());
    const figures = soakFigures(run, clips.clips);
    console.log(soakTable(figures));
    if (json !== undefined) await saveFigures(json, { ...figures, participants, samples: run.samples });
    if (chart !== undefined)
      await writeFile(
        chart,
        drawLines(chartTitle(`${streams} streams for long`), soakPanels(figures, run.samples)),
      );
  } finally {
    clips.remove();
  }
}

function hoursOf(value: string): number {
  const hours = Number(value);
  if (!(hours > 0 && hours <= MOST_HOURS))
    throw new InvalidArgumentError(`It has to be a number of hours above 0, at most ${MOST_HOURS}.`);

  return hours;
}

/** `bench soak`: whether a server that runs for long stays as it was. */
export function soakCommand(): Command {
  return new Command('soak')
    .description('Hold a load for hours, and see whether memory, delays and books stay as they were.')
    .option('--data <DIR>', "folder with refs.tsv; the repository's four clips without it")
    .addOption(new Option('--hours <HOURS>', 'length of the run').argParser(hoursOf).default(1))
    .addOption(
      new Option('--streams <COUNT>', 'streams at once').argParser(wholeNumber(1, MOST_STREAMS)).default(32),
    )
    .addOption(
      new Option('--participants <COUNT>', 'streams in a meeting, of which one talks at a time')
        .argParser(wholeNumber(1, 100))
        .default(4),
    )
    .addOption(
      new Option('--kill-every-s <SECONDS>', 'an inference thread dies so often; 0 for never')
        .argParser(wholeNumber(0, 86_400))
        .default(0),
    )
    .addOption(
      new Option('--seed <NUMBER>', 'another one has meetings begin with other clips')
        .argParser(wholeNumber(0, 1_000_000))
        .default(1),
    )
    .option('--server-flags <FLAGS>', 'further flags for the server, separated by blanks')
    .option('--json <FILE>', 'write the figures there too')
    .option('--chart <FILE.svg>', 'draw them there')
    .action(measure);
}
