import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { readConfig } from '../../server/config/config.ts';
import { wholeNumber } from '../number-flags.ts';
import { chartTitle, saveFigures } from '../save-figures.ts';
import { describeProgress } from './capacity-bench.ts';
import { type LoadClips, prepareClips } from './clips.ts';
import { type Contender, contenders, streamUrl } from './contenders.ts';
import { loadFigures } from './figures.ts';
import { judge } from './judge.ts';
import {
  type ContenderLatency,
  latencyPanels,
  latencyParts,
  latencyTable,
  partFigures,
} from './latency-report.ts';
import { drawLines } from './line-chart.ts';
import { type LoadFlags, withLoadFlags } from './load-flags.ts';
import { ProgressLine } from './progress-line.ts';
import { runLoad } from './run-load.ts';
import { stabilityFigures, stabilityTable } from './stability-report.ts';

const MOST_STREAMS = 10_000;

interface Flags extends LoadFlags {
  readonly streams: number;
}

async function measure(flags: Flags): Promise<void> {
  const { data, streams, seconds, participants, messageMs, json, chart } = flags;
  const line = new ProgressLine();
  const clips = await prepareClips(data, (text) => line.note(text));
  const latencies: ContenderLatency[] = [];
  try {
    for (const contender of contenders(flags))
      latencies.push(await measureLatency(contender, clips, flags, line));
  } finally {
    line.end();
    clips.remove();
  }
  for (const latency of latencies) {
    console.log(latencyTable(latency));
    console.log(stabilityTable(latency.name, latency.stability));
  }
  const [own, peer] = latencies.map(forMachines);
  const setting = { streams, seconds, participants, messageMs, clips: clips.clips.length };
  if (json !== undefined) await saveFigures(json, { ...setting, ...own, peer: peer ?? null });
  if (chart !== undefined)
    await writeFile(
      chart,
      drawLines(chartTitle(`Time of captions, ${streams} streams`), latencyPanels(latencies)),
    );
}

async function measureLatency(
  contender: Contender,
  clips: LoadClips,
  { streams, seconds, participants, messageMs, seed }: Flags,
  line: ProgressLine,
): Promise<ContenderLatency> {
  const { tailPaddingMs } = readConfig();
  const server = await contender.start();
  try {
    const report = await runLoad({
      ...{ url: streamUrl(server), clips, streams, seconds, participants, messageMs, seed, tailPaddingMs },
      onProgress: (progress) => line.show(`${contender.name}: ${describeProgress(progress)}`),
    });
    const figures = loadFigures(report, clips.clips);
    const { reasons } = judge(figures);
    if (reasons.length > 0) line.note(`${contender.name} is not on time: ${reasons.join('; ')}`);

    const stability = stabilityFigures(report);

    return { name: contender.name, ...latencyParts(report, tailPaddingMs), figures, stability };
  } finally {
    await server.stop();
  }
}

function forMachines({ partials, finals, figures, stability }: ContenderLatency): object {
  const { dutyCycle, partialsPerSpokenSecond, generatorLagP99Ms, errors } = figures;

  return {
    ...{ dutyCycle, partialsPerSpokenSecond, generatorLagP99Ms, errors },
    partials: partFigures(partials),
    finals: partFigures(finals),
    stability,
  };
}

/** `bench latency`: where the time of captions goes at a given load. */
export function latencyCommand(): Command {
  return withLoadFlags(new Command('latency'), { seconds: 60, peer: false })
    .description('Measure where the time of captions goes while so many streams are held.')
    .addOption(
      new Option('--streams <COUNT>', 'streams at once').argParser(wholeNumber(1, MOST_STREAMS)).default(32),
    )
    .action(measure);
}
