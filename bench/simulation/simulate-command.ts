import { Command, Option } from 'commander';
import { Failure } from '../../server/failure.ts';
import { ON_TIME } from '../load/judge.ts';
import { fractionalNumber, wholeNumber } from '../number-flags.ts';
import { saveFigures } from '../save-figures.ts';
import { formatRows, type Row } from '../table.ts';
import { findCapacity } from './capacity.ts';
import { type ClassFigures, type Delays, type Figures, figuresOf } from './figures.ts';
import { MACHINE_LAWS } from './machine-law.ts';
import { type Scenario, simulate } from './simulation.ts';

const NONE = '—';

interface Flags {
  readonly scenario: 'run' | 'capacity';
  readonly streams: number;
  readonly meetingSize: number;
  readonly hogs: number;
  readonly priorityShare: number;
  readonly threads: number;
  readonly law: keyof typeof MACHINE_LAWS;
  readonly batchMs?: number;
  readonly encoderMsPerS?: number;
  readonly decoderMsPerS?: number;
  readonly encoderJoining?: number;
  readonly decoderJoining?: number;
  readonly noise: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly seed: number;
  readonly maxBatchSize: number;
  readonly maxBatchMs: number;
  readonly maxLeadMs: number;
  readonly partialWithinMs: number;
  readonly finalWithinMs: number;
  readonly json?: string;
}

/** What the flags say: a law by its name, and what is to be otherwise in it. */
function scenarioOf(flags: Flags): Scenario {
  const named = MACHINE_LAWS[flags.law];
  const { streams, meetingSize, hogs, priorityShare, threads, noise, seconds, warmUp, seed } = flags;
  const { maxBatchSize, maxBatchMs, maxLeadMs, partialWithinMs, finalWithinMs } = flags;

  return {
    ...{ streams, meetingSize, hogs, priorityShare, threads, noise, seconds, warmUpSeconds: warmUp, seed },
    ...{ maxBatchSize, maxBatchMs, maxLeadMs },
    law: {
      ...named,
      batchMs: flags.batchMs ?? named.batchMs,
      encoderMsPerS: flags.encoderMsPerS ?? named.encoderMsPerS,
      decoderMsPerS: flags.decoderMsPerS ?? named.decoderMsPerS,
      encoderJoining: flags.encoderJoining ?? named.encoderJoining,
      decoderJoining: flags.decoderJoining ?? named.decoderJoining,
    },
    promises: { partialMs: partialWithinMs, finalMs: finalWithinMs },
  };
}

async function run(flags: Flags): Promise<void> {
  const scenario = scenarioOf(flags);
  const { streams, figures } = flags.scenario === 'capacity' ? capacityOf(scenario) : outcomeOf(scenario);
  print(streams, figures);
  if (flags.json !== undefined)
    await saveFigures(flags.json, { scenario: { ...scenario, streams }, ...figures });
}

function outcomeOf(scenario: Scenario): { streams: number; figures: Figures } {
  return { streams: scenario.streams, figures: figuresOf(simulate(scenario), scenario.seconds) };
}

function capacityOf(scenario: Scenario): { streams: number; figures: Figures } {
  const capacity = findCapacity(scenario, (streams, { classes }) => {
    const { finalsOnTime, snapshotsOnTime } = classes.all!;
    console.error(
      `  ${streams} streams: ${percent(finalsOnTime)} of finals and ${percent(snapshotsOnTime)} of snapshots on time`,
    );
  });
  if (!capacity) {
    throw new Failure(
      'Not even one meeting is held on time. Give it more --threads, or a quicker --law, or allow more with --partial-within-ms and --final-within-ms.',
    );
  }

  return capacity;
}

function print(streams: number, figures: Figures): void {
  const { classes, utilisation, meanBatchSize, singleBatches, jain, worstOverMedian } = figures;
  const rows = Object.entries(classes).map(([name, each]) => classRow(name, each));
  console.log(`${streams} streams\n${formatRows(rows)}`);
  const rest = {
    utilisation: percent(utilisation),
    'jobs/batch': fixed(meanBatchSize),
    'of one job': percent(singleBatches),
    "Jain's index": fixed(jain, 3),
    'worst/median': fixed(worstOverMedian),
  };
  console.log(`\n${formatRows([rest])}`);
}

function classRow(name: string, figures: ClassFigures): Row {
  return {
    who: name,
    streams: figures.streams,
    talking: fixed(figures.talking, 1),
    'finals on time': percent(figures.finalsOnTime),
    'final ms': slashed(figures.finalLatencyMs),
    'snapshots on time': percent(figures.snapshotsOnTime),
    decoded: percent(figures.snapshotsDelivered),
    'partial ms': slashed(figures.partialLagMs),
    'partials/s': fixed(figures.partialsPerSpokenSecond),
  };
}

function slashed({ p50, p95, p99 }: Delays): string {
  return [p50, p95, p99].map((value) => fixed(value, 0)).join(' / ');
}

function percent(share: number | null): string {
  return share === null ? NONE : `${(100 * share).toFixed(1)} %`;
}

function fixed(value: number | null, digits = 2): string {
  return value === null ? NONE : value.toFixed(digits);
}

/** An option that takes a number of a range. */
function numeric(flags: string, text: string, least: number, most: number, whole = true): Option {
  return new Option(flags, text).argParser((whole ? wholeNumber : fractionalNumber)(least, most));
}

const MANY = 1_000_000;
/** What the server's own scheduler has. */
const SERVERS = { maxBatchSize: 8, maxBatchMs: 250, maxLeadMs: 5000 };

/** `bench simulate`: the scheduler under imagined loads on imagined machines, in virtual time. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('Run the scheduler in virtual time, under any load and on any machine that a law describes.')
    .addOption(
      new Option('--scenario <NAME>', 'one run, or the most streams held on time')
        .choices(['run', 'capacity'])
        .default('run'),
    )
    .addOption(
      numeric('--streams <COUNT>', 'streams, hogs not counted; not for capacity', 1, MANY).default(100),
    )
    .addOption(
      numeric('--meeting-size <COUNT>', 'streams of a meeting, one speaking at a time', 1, 1000).default(4),
    )
    .addOption(
      numeric('--hogs <COUNT>', 'streams that speak ten times faster than real time', 0, MANY).default(0),
    )
    .addOption(
      numeric('--priority-share <SHARE>', 'of the meetings that have weight 4', 0, 1, false).default(0),
    )
    .addOption(numeric('--threads <COUNT>', 'batches at a time', 1, 1000).default(2))
    .addOption(
      new Option('--law <NAME>', 'what a batch takes a thread')
        .choices(Object.keys(MACHINE_LAWS))
        .default('cpu'),
    )
    .addOption(numeric('--batch-ms <MS>', 'of the law: each batch', 0, 10_000, false))
    .addOption(numeric('--encoder-ms-per-s <MS>', 'of the law: a second of audio', 0, 10_000, false))
    .addOption(numeric('--decoder-ms-per-s <MS>', 'of the law: a second no draft covers', 0, 10_000, false))
    .addOption(
      numeric('--encoder-joining <SHARE>', 'of the law: of it in a batch with a longer one', 0, 1, false),
    )
    .addOption(numeric('--decoder-joining <SHARE>', 'of the law: the same of the decoder', 0, 1, false))
    .addOption(
      numeric('--noise <SHARE>', 'that batches take more or less than the law says', 0, 0.9, false).default(
        0.1,
      ),
    )
    .addOption(numeric('--seconds <S>', 'of virtual time that count', 1, 86_400).default(60))
    .addOption(numeric('--warm-up <S>', 'of virtual time before', 0, 86_400).default(20))
    .addOption(numeric('--seed <NUMBER>', 'of all that is left to chance', 0, 2 ** 31).default(1))
    .addOption(numeric('--max-batch-size <JOBS>', 'the scheduler has', 1, 1024).default(SERVERS.maxBatchSize))
    .addOption(numeric('--max-batch-ms <MS>', 'the scheduler has', 1, 60_000).default(SERVERS.maxBatchMs))
    .addOption(numeric('--max-lead-ms <MS>', 'the scheduler has', 0, 60_000).default(SERVERS.maxLeadMs))
    .addOption(
      numeric('--partial-within-ms <MS>', 'for a partial to be on time', 1, 60_000).default(
        ON_TIME.partialP95Ms,
      ),
    )
    .addOption(
      numeric('--final-within-ms <MS>', 'for a final to be on time', 1, 60_000).default(ON_TIME.finalP95Ms),
    )
    .option('--json <FILE>', 'write the figures there too')
    .action(run);
}
