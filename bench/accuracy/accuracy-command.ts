import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readConfig } from '../../server/config/config.ts';
import { createLog } from '../../server/log.ts';
import { startServer } from '../../server/main.ts';
import { streamProgress } from '../../server/model-store/progress.ts';
import { ModelStore } from '../../server/model-store/store.ts';
import { PACES, type Pace } from '../../server/transcribe/stream-recording.ts';
import { describeMachine } from '../machine.ts';
import { formatRows, type Row } from '../table.ts';
import {
  measureLatency,
  measureNoise,
  measureVoiceActivity,
  measureWords,
  type Setting,
} from './sections.ts';

/** In the order they run: the delays first, while nothing else has warmed the machine. */
const SECTIONS = {
  latency: {
    title:
      "Delays of one stream alone, in real time; speech ends where the server's own voice detection says, not a label",
    measure: measureLatency,
  },
  voice: { title: 'Voice activity, frames of 10 ms', measure: measureVoiceActivity },
  noise: { title: 'Recordings in which nobody speaks', measure: measureNoise },
  words: { title: 'Word error rate, whole clips and live', measure: measureWords },
} as const satisfies Record<string, { title: string; measure: (setting: Setting) => Promise<Row[]> }>;

type SectionName = keyof typeof SECTIONS;

interface Flags {
  readonly data: string;
  readonly only?: SectionName[];
  readonly pace: Pace;
  readonly streams: number;
  readonly json?: string;
  readonly folder: string;
}

async function measure({ data, folder, only, pace, streams, json }: Flags): Promise<void> {
  const config = { ...readConfig(), port: 0, dataDir: 'none' };
  const store = new ModelStore({ directory: config.modelsDir });
  const server = await startServer({
    config,
    log: createLog('error'),
    store,
    pull: async (name, signal) => {
      await store.pull(name, { signal, progress: streamProgress() });
    },
  });
  try {
    await server.ready;
    const url = `${server.url.replace('http', 'ws')}/v1/stream`;
    const note = (sentence: string) => console.error(`  ${sentence}`);
    const results: Record<string, Row[]> = {};
    for (const name of (Object.keys(SECTIONS) as SectionName[]).filter(
      (name) => only?.includes(name) ?? true,
    )) {
      const { title, measure: measureSection } = SECTIONS[name];
      console.error(`${title} …`);
      results[name] = await measureSection({ data, folder, config, store, url, pace, streams, note });
      print(title, results[name]);
    }
    if (json !== undefined)
      await writeFile(
        json,
        `${JSON.stringify({ machine: describeMachine(), pace, streams, ...results }, null, 2)}\n`,
      );
  } finally {
    await server.stop();
  }
}

function print(title: string, rows: readonly Row[]): void {
  console.log(`\n${title}`);
  if (rows.length > 0) console.log(formatRows(rows));
}

function sections(value: string): SectionName[] {
  const names = value.split(',');
  const wrong = names.find((name) => !Object.hasOwn(SECTIONS, name));
  if (wrong !== undefined) throw new InvalidArgumentError(`There is no section ${wrong}.`);

  return names as SectionName[];
}

const MAX_STREAMS = 64;

function streamCount(value: string): number {
  const count = Number(value);
  if (!/^\d+$/.test(value) || count < 1 || count > MAX_STREAMS)
    throw new InvalidArgumentError(`It has to be a whole number from 1 to ${MAX_STREAMS}.`);

  return count;
}

/** `bench accuracy`: words, voice activity, false captions and delays on a folder of recordings with references. */
export function accuracyCommand(): Command {
  return new Command('accuracy')
    .description('Measure how well and how soon the live path turns recordings into captions.')
    .requiredOption('--data <DIR>', 'folder with refs.tsv, vad/, meeting/, noise/, formats/')
    .option('--only <SECTIONS>', `some of ${Object.keys(SECTIONS).join(', ')}, separated by commas`, sections)
    .option('--folder <FOLDER>', 'for words, only clips of this folder, such as en/ljspeech', '')
    .addOption(new Option('--pace <PACE>', 'how fast clips are sent').choices(PACES).default('realtime'))
    .option('--streams <COUNT>', `clips sent at once, 1 to ${MAX_STREAMS}`, streamCount, 4)
    .option('--json <FILE>', 'write the figures there too')
    .action(measure);
}
