import { Command, Option } from 'commander';
import { wholeNumber } from '../number-flags.ts';
import { saveFigures } from '../save-figures.ts';
import { formatRows } from '../table.ts';
import { prepareClips } from './clips.ts';
import type { LoadFigures } from './figures.ts';
import { ProgressLine } from './progress-line.ts';
import { measureRecordings, type RecordingsReport, type Throughput } from './recordings-bench.ts';

/** Live captions may come so much later for recordings. */
const LATENCY_BAR = 1.1;

interface Flags {
  readonly data?: string;
  readonly streams: number;
  readonly seconds: number;
  readonly recordings: number;
  readonly recordingSeconds: number;
  readonly seed: number;
  readonly serverFlags?: string;
  readonly json?: string;
}

async function measure(flags: Flags): Promise<void> {
  const { data, serverFlags = '', json } = flags;
  const line = new ProgressLine();
  const clips = await prepareClips(data, (text) => line.note(text));
  const report = await measureRecordings({
    ...flags,
    clips,
    serverFlags: serverFlags.split(' ').filter((flag) => flag !== ''),
    progress: (text) => line.show(text),
  }).finally(() => {
    line.end();
    clips.remove();
  });
  print(report);
  if (json !== undefined) await saveFigures(json, { ...headlines(report), ...report });
}

function headlines({ finalRatio, partialRatio, beside, alone }: RecordingsReport) {
  return {
    isLiveUnharmed: finalRatio <= LATENCY_BAR && partialRatio <= LATENCY_BAR,
    placesRose: beside.rises + alone.rises,
    finishedTwice: beside.twice + alone.twice,
    audioSecondsPerSecondAlone: alone.audioSecondsPerSecond,
    audioSecondsPerSecondBeside: beside.audioSecondsPerSecond,
  };
}

function print(report: RecordingsReport): void {
  const { streams, recordings, recordingSeconds, finalRatio, partialRatio } = report;
  const live = (what: string, { finals, partials, lessThanFull }: LoadFigures) => ({
    [`${streams} live streams`]: what,
    'finals p50': `${Math.round(finals.p50)} ms`,
    'finals p95': `${Math.round(finals.p95)} ms`,
    'partials p50': `${Math.round(partials.p50)} ms`,
    'partials p95': `${Math.round(partials.p95)} ms`,
    'less than full': lessThanFull,
  });
  console.log(`\n${formatRows([live('alone', report.without), live('with recordings', report.with)])}`);
  console.log(
    `\nThe 95th percentiles may be ${LATENCY_BAR} times those without: finals ${finalRatio.toFixed(2)}, partials ${partialRatio.toFixed(2)}.`,
  );
  console.log(
    `\n${recordings} recordings of ${recordingSeconds} s and more, two by two equal\n${formatRows([
      row('beside live streams', report.beside),
      row('alone', report.alone),
    ])}`,
  );
}

function row(what: string, record: Throughput) {
  const { states, shared, rises, twice, distinctAudioSeconds, captionedAudioSeconds, tookMs } = record;
  const cpu = (part: string) => (record.cpuSeconds[part] ?? Number.NaN).toFixed(1);

  return {
    recordings: what,
    completed: states.completed ?? 0,
    shared,
    'places rose': rises,
    'finished twice': twice,
    'computed, of distinct s': `${Math.round(captionedAudioSeconds)}/${Math.round(distinctAudioSeconds)}`,
    seconds: (tookMs / 1000).toFixed(1),
    'audio s/s': record.audioSecondsPerSecond.toFixed(1),
    'CPU s: inference': cpu('inference'),
    vad: cpu('vad'),
    sockets: cpu('sockets'),
    other: cpu('other'),
  };
}

/** `bench recordings`: what a queue full of recordings costs those who speak, and how soon it is empty. */
export function recordingsCommand(): Command {
  const count = (flag: string, about: string, most: number, otherwise: number) =>
    new Option(flag, about).argParser(wholeNumber(1, most)).default(otherwise);

  return new Command('recordings')
    .description(
      'Measure live captions while a queue of recordings is worked off, and how fast it is, beside live streams and alone.',
    )
    .option('--data <DIR>', "folder with refs.tsv; the repository's four clips without it")
    .addOption(count('--streams <COUNT>', 'live streams', 1000, 20))
    .addOption(count('--seconds <COUNT>', 'length of what is judged of them', 3600, 120))
    .addOption(count('--recordings <COUNT>', 'recordings submitted at once', 10_000, 200))
    .addOption(count('--recording-seconds <COUNT>', 'least length of each', 7200, 60))
    .addOption(count('--seed <NUMBER>', 'another one has meetings begin with other clips', 1_000_000, 1))
    .option('--server-flags <FLAGS>', 'further flags for the server, separated by blanks')
    .option('--json <FILE>', 'write the figures there too')
    .action(measure);
}
