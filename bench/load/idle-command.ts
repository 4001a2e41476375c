import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { drawChart } from '../engine/chart.ts';
import { wholeNumber } from '../number-flags.ts';
import { chartTitle, saveFigures } from '../save-figures.ts';
import { formatRows, type Row } from '../table.ts';
import { type Held, IDLE_BARS, type IdleFigures, type IdleReport, runIdleBench } from './idle-bench.ts';
import { mostStreams, requireStreams } from './idle-streams.ts';
import { ProgressLine } from './progress-line.ts';

/** One client address has no more ports than this to connect from. */
const MOST_STREAMS = 28_000;

interface Flags {
  readonly streams: number;
  readonly silence: number;
  readonly seconds: number;
  readonly rate: number;
  readonly serverFlags?: string;
  readonly json?: string;
  readonly chart?: string;
}

async function measure(flags: Flags): Promise<void> {
  const { streams, silence, seconds, rate, serverFlags = '', json, chart } = flags;
  requireStreams(Math.max(streams, silence), await mostStreams());
  const line = new ProgressLine();
  const report = await runIdleBench({
    streams,
    silent: silence,
    seconds,
    perSecond: rate,
    serverFlags: serverFlags.split(' ').filter((flag) => flag !== ''),
    progress: (text) => line.show(text),
  }).finally(() => line.end());
  print(report);
  const { rss } = report.mute.perStream;
  const headlines = {
    idleBytesPerStream: rss,
    idleCpuPercentPer1000: report.mute.cpuPercentPer1000,
    withinBars: isWithinBars(report.mute),
  };
  if (json !== undefined) await saveFigures(json, { ...headlines, bars: IDLE_BARS, ...report });
  if (chart !== undefined) await writeFile(chart, drawChart(chartTitle('Idle streams'), chartPanels(report)));
}

function print({ empty, mute, silent, leftPerStream, seconds }: IdleReport): void {
  const rows: Row[] = [
    memoryRow(`${mute.streams} mute`, mute.perStream),
    ...(silent ? [memoryRow(`${silent.streams} sending silence`, silent.perStream)] : []),
    memoryRow('after they left', leftPerStream),
  ];
  console.log(`\nMemory of the server per stream, kB\n${formatRows(rows)}`);
  const cpu = [
    { streams: 'none', '% of a core': empty.cpuPercent.toFixed(2), 'per 1,000 streams': '-' },
    cpuRow(`${mute.streams} mute`, mute),
    ...(silent ? [cpuRow(`${silent.streams} sending silence`, silent)] : []),
  ];
  console.log(`\nCPU of the server over ${seconds} s\n${formatRows(cpu)}`);
  const { bytesPerStream, cpuPercentPer1000 } = IDLE_BARS;
  console.log(
    `\nA mute stream may cost ${bytesPerStream / 1000} kB, and 1,000 of them ${cpuPercentPer1000} % of a core: ${
      isWithinBars(mute) ? 'they cost less.' : 'they cost more.'
    }`,
  );
}

function isWithinBars({ perStream, cpuPercentPer1000 }: IdleFigures): boolean {
  return perStream.rss < IDLE_BARS.bytesPerStream && cpuPercentPer1000 < IDLE_BARS.cpuPercentPer1000;
}

function memoryRow(streams: string, { rss, heap, external }: Held): Row {
  return {
    streams,
    resident: kB(rss),
    heap: kB(heap),
    buffers: kB(external),
    rest: kB(rss - heap - external),
  };
}

function cpuRow(streams: string, { cpuPercent, cpuPercentPer1000 }: IdleFigures): Row {
  return {
    streams,
    '% of a core': cpuPercent.toFixed(2),
    'per 1,000 streams': cpuPercentPer1000.toFixed(2),
  };
}

function kB(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}

function chartPanels({ mute, silent }: IdleReport) {
  const bar = (label: string, value: number, own = true) => ({ label, value: Math.max(0, value), own });
  const { rss, heap, external } = mute.perStream;

  return [
    {
      title: `Memory per stream, kB, ${mute.streams} mute streams`,
      bars: [
        bar('resident', rss / 1000),
        bar('of it in the heap', heap / 1000),
        bar('of it in buffers', external / 1000),
        bar('bar', IDLE_BARS.bytesPerStream / 1000, false),
      ],
    },
    {
      title: 'CPU for 1,000 streams, % of a core',
      bars: [
        bar('mute', mute.cpuPercentPer1000),
        ...(silent ? [bar('sending silence', silent.cpuPercentPer1000)] : []),
        bar('bar for mute ones', IDLE_BARS.cpuPercentPer1000, false),
      ],
    },
  ];
}

/** `bench idle`: what connected streams cost that have nothing to say. */
export function idleCommand(): Command {
  return new Command('idle')
    .description('Measure what connected streams cost that have nothing to say.')
    .addOption(
      new Option('--streams <COUNT>', 'streams that send nothing')
        .argParser(wholeNumber(1, MOST_STREAMS))
        .default(5000),
    )
    .addOption(
      new Option('--silence <COUNT>', 'streams that send digital silence, measured afterwards; 0 for none')
        .argParser(wholeNumber(0, MOST_STREAMS))
        .default(500),
    )
    .addOption(
      new Option('--seconds <COUNT>', 'length of each reading of the CPU')
        .argParser(wholeNumber(1, 3600))
        .default(30),
    )
    .addOption(
      new Option('--rate <COUNT>', 'streams opened in a second')
        .argParser(wholeNumber(1, 10_000))
        .default(1000),
    )
    .option('--server-flags <FLAGS>', 'further flags for the server, separated by blanks')
    .option('--json <FILE>', 'write the figures there too')
    .option('--chart <FILE.svg>', 'draw them there')
    .action(measure);
}
