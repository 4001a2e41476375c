import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { drawChart } from '../engine/chart.ts';
import { wholeNumber } from '../number-flags.ts';
import { chartTitle, saveFigures } from '../save-figures.ts';
import { formatRows } from '../table.ts';
import { prepareClips } from './clips.ts';
import type { Percentiles } from './figures.ts';
import { mostStreams, requireStreams } from './idle-streams.ts';
import { ProgressLine } from './progress-line.ts';
import { runViewersBench, VIEWERS_BAR, type ViewersReport } from './viewers-bench.ts';

/** One client address has no more ports than this to connect from. */
const MOST_VIEWERS = 28_000;

interface Flags {
  readonly viewers: number;
  readonly seconds: number;
  readonly rate: number;
  readonly seed: number;
  readonly data?: string;
  readonly serverFlags?: string;
  readonly json?: string;
  readonly chart?: string;
}

async function measure(flags: Flags): Promise<void> {
  const { viewers, seconds, rate, seed, data, serverFlags = '', json, chart } = flags;
  requireStreams(viewers, await mostStreams());
  const line = new ProgressLine();
  const clips = await prepareClips(data, (text) => line.note(text));
  const report = await runViewersBench({
    ...{ clips, viewers, seconds, seed },
    perSecond: rate,
    serverFlags: serverFlags.split(' ').filter((flag) => flag !== ''),
    progress: (text) => line.show(text),
  }).finally(() => {
    line.end();
    clips.remove();
  });
  print(report);
  const headlines = {
    viewersCpuPercent: report.cost.sockets,
    viewersCpuPercentPer1000: per1000(report),
    partialP95Ms: report.partials.p95,
    withinBar: isWithinBar(report),
  };
  if (json !== undefined) await saveFigures(json, { ...headlines, bar: VIEWERS_BAR, ...report });
  if (chart !== undefined)
    await writeFile(chart, drawChart(chartTitle('Viewers of one meeting'), chartPanels(report)));
}

/** By the thread that sends to them: what decoding takes differs more from run to run. */
function per1000({ cost, viewers }: ViewersReport): number {
  return (cost.sockets * VIEWERS_BAR.viewers) / viewers;
}

function isWithinBar(report: ViewersReport): boolean {
  return report.incomplete === 0 && per1000(report) < VIEWERS_BAR.cpuPercent;
}

function print(report: ViewersReport): void {
  const { viewers, seconds, without, with: together, cost, captions, incomplete } = report;
  const row = (what: string, { total, sockets }: typeof cost) => ({
    server: what,
    '% of a core': total.toFixed(2),
    'of it sockets': sockets.toFixed(2),
  });
  const rows = [row('no viewers', without), row(`${viewers} viewers`, together), row('difference', cost)];
  console.log(`\nCPU of the server over ${seconds} s of one speaker\n${formatRows(rows)}`);
  console.log(
    `\n${report.messagesPerSecond.toFixed(1)} messages a second of ${Math.round(report.bytesPerMessage)} bytes to each viewer; ms until they came\n${formatRows(
      [
        delayRow('partials, from when their newest audio was spoken', report.partials),
        delayRow('finals, from the end of their segment', report.finals),
        delayRow('from the first viewer to the last', report.spread),
      ],
    )}`,
  );
  console.log(
    `\n${VIEWERS_BAR.viewers} viewers may cost ${VIEWERS_BAR.cpuPercent} % of a core: they cost ${per1000(report).toFixed(1)} %. ${
      incomplete === 0
        ? `All ${captions} captions came to every viewer.`
        : `${incomplete} of ${captions} captions did not come to every viewer.`
    }`,
  );
}

function delayRow(what: string, { count, p50, p95, p99 }: Percentiles) {
  const ms = (value: number) => (Number.isNaN(value) ? '-' : Math.round(value));

  return { delay: what, count, p50: ms(p50), p95: ms(p95), p99: ms(p99) };
}

function chartPanels(report: ViewersReport) {
  const bar = (label: string, value: number, own = true) => ({ label, value: Math.max(0, value || 0), own });
  const { viewers, without, with: together, partials, spread } = report;

  return [
    {
      title: 'CPU of the server, % of a core',
      bars: [
        bar('sockets, one speaker', without.sockets),
        bar(`sockets, and ${viewers} viewers`, together.sockets),
        bar('difference', report.cost.sockets),
        bar('bar for 1,000', VIEWERS_BAR.cpuPercent, false),
      ],
    },
    {
      title: 'Until captions came, ms',
      bars: [
        bar('partials, median', partials.p50),
        bar('partials, 95th percentile', partials.p95),
        bar('first to last viewer, median', spread.p50),
      ],
    },
  ];
}

/** `bench viewers`: what those cost who only read. */
export function viewersCommand(): Command {
  return new Command('viewers')
    .description('Measure what the viewers of a meeting cost, and how soon they read.')
    .addOption(
      new Option('--viewers <COUNT>', 'viewers of one meeting')
        .argParser(wholeNumber(1, MOST_VIEWERS))
        .default(VIEWERS_BAR.viewers),
    )
    .addOption(
      new Option('--seconds <COUNT>', 'length of each of the two readings')
        .argParser(wholeNumber(1, 3600))
        .default(60),
    )
    .addOption(
      new Option('--rate <COUNT>', 'viewers connected in a second')
        .argParser(wholeNumber(1, 10_000))
        .default(500),
    )
    .addOption(
      new Option('--seed <NUMBER>', 'another one has the speaker begin with another clip')
        .argParser(wholeNumber(0, 1_000_000))
        .default(1),
    )
    .option('--data <DIR>', "folder with refs.tsv; the repository's four clips without it")
    .option('--server-flags <FLAGS>', 'further flags for the server, separated by blanks')
    .option('--json <FILE>', 'write the figures there too')
    .option('--chart <FILE.svg>', 'draw them there')
    .action(measure);
}
