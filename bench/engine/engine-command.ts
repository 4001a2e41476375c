import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readConfig } from '../../server/config/config.ts';
import { streamProgress } from '../../server/model-store/progress.ts';
import { ModelStore } from '../../server/model-store/store.ts';
import { describeMachine, nameMachine } from '../machine.ts';
import { formatRows, type Row } from '../table.ts';
import { drawChart } from './chart.ts';
import { type EngineReport, runEngineBench } from './engine-bench.ts';
import { NONE } from './rows.ts';

/** Behind the point. */
const JSON_DIGITS = 4;

interface Flags {
  readonly data: string;
  readonly clips: number;
  readonly json?: string;
}

async function measure({ data, clips, json }: Flags): Promise<void> {
  const config = readConfig();
  const store = new ModelStore({ directory: config.modelsDir });
  await store.pull(config.model, { progress: streamProgress() });
  const model = await store.resolve(config.model);
  const folder = await mkdtemp(join(tmpdir(), 'roundtable-bench-'));
  const note = (sentence: string) => console.error(`  ${sentence}`);
  try {
    const report = await runEngineBench({ data, model, count: clips, folder, note });
    print(report);
    if (json !== undefined) await save(report, json);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function print({ sections, differences, headlines }: EngineReport): void {
  console.log(`On ${nameMachine(describeMachine())}`);
  for (const { title, rows } of Object.values(sections)) console.log(`\n${title}\n${formatRows(rows)}`);
  if (differences.length > 0) {
    const rows = differences.map((each) => ({ ...each, margin: each.margin.toFixed(3) }));
    console.log(`\nClips whose tokens differ from the float32 reference\n${formatRows(rows)}`);
  }
  const rows = Object.entries(headlines).map(([figure, value]) => ({
    figure,
    value: value?.toFixed(3) ?? NONE,
  }));
  console.log(`\nIn short\n${formatRows(rows)}`);
}

/** Writes the figures, and a chart of them beside. */
async function save(report: EngineReport, path: string): Promise<void> {
  const { headlines, clips, audioSeconds, sections, differences, panels } = report;
  const machine = describeMachine();
  const tables = Object.fromEntries(
    Object.entries(sections).map(([name, { rows }]) => [name, rows.map(forMachines)]),
  );
  const figures = { machine, clips, audioSeconds, ...headlines, ...tables, differences };
  const rounded = (_: string, value: unknown) =>
    typeof value === 'number' ? Number(value.toFixed(JSON_DIGITS)) : value;
  await writeFile(path, `${JSON.stringify(figures, rounded, 2)}\n`);
  const { cpu, commit, date } = machine;
  const title = `Moonshine tiny on one thread of ${cpu}, ${date}, ${commit ?? 'no commit'}`;
  await writeFile(chartPath(path), drawChart(title, panels));
}

/** A row with numbers as such, and null where there is none. */
function forMachines(row: Row): Record<string, string | number | null> {
  const cell = (value: string | number) => (Number.isNaN(Number(value)) ? value : Number(value));

  return Object.fromEntries(
    Object.entries(row).map(([head, value]) => [head, value === NONE ? null : cell(value)]),
  );
}

function chartPath(jsonPath: string): string {
  return jsonPath.replace(/\.json$/, '.svg');
}

function jsonFile(path: string): string {
  if (!path.endsWith('.json'))
    throw new InvalidArgumentError('Its name has to end in .json: a chart is put beside it.');

  return path;
}

function clipCount(value: string): number {
  const count = Number(value);
  if (!/^\d+$/.test(value) || count < 1)
    throw new InvalidArgumentError('It has to be a whole number from 1 up.');

  return count;
}

/** `bench engine`: this engine beside others on the same weights, one thread each. */
export function engineCommand(): Command {
  return new Command('engine')
    .description(
      'Compare this engine with onnxruntime-node and sherpa-onnx-node on the same weights, one thread each.',
    )
    .requiredOption('--data <DIR>', 'folder with refs.tsv')
    .addOption(
      new Option('--clips <COUNT>', 'only so many clips, the first of a fixed shuffled order')
        .argParser(clipCount)
        .default(Number.POSITIVE_INFINITY, 'all'),
    )
    .option('--json <FILE.json>', 'write the figures there too, and a chart beside it', jsonFile)
    .action(measure);
}
