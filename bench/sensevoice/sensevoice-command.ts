import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { openSenseVoice } from '../../inference/sensevoice/open-sensevoice.ts';
import { readSpokenClips } from '../engine/spoken-clips.ts';
import { wholeNumber } from '../number-flags.ts';
import { saveFigures } from '../save-figures.ts';
import { formatRows } from '../table.ts';
import { fullSizeSenseVoice, fullSizeTokens } from './full-size-graph.ts';
import { MAX_SAMPLES, runSenseVoiceBench, type SenseVoiceReport } from './sensevoice-bench.ts';

const LANGUAGES = ['zh', 'yue', 'en', 'ja', 'ko'];

interface Flags {
  readonly data: string;
  readonly clips: number;
  readonly json?: string;
}

async function measure({ data, clips: count, json }: Flags): Promise<void> {
  const note = (sentence: string) => console.error(`  ${sentence}`);
  const clips = await readSpokenClips({ data, languages: LANGUAGES, maxSamples: MAX_SAMPLES, count, note });
  const folder = await mkdtemp(join(tmpdir(), 'roundtable-bench-'));
  try {
    note('writing a graph of 240 MB');
    const [model, tokens] = [join(folder, 'model.int8.onnx'), join(folder, 'tokens.txt')];
    await writeFile(model, fullSizeSenseVoice());
    await writeFile(tokens, fullSizeTokens());
    const files = { 'model.int8.onnx': model, 'tokens.txt': tokens };
    const graphs = (await openSenseVoice(files, { graph: 'bytes', itn: true }))!;
    const report = await runSenseVoiceBench(graphs, clips);
    print(report);
    if (json !== undefined) await saveFigures(json, report);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function print(report: SenseVoiceReport): void {
  const { clips, audioSeconds, features, graph, own, sherpa, ownShare, ratioToSherpa } = report;
  console.log(`\n${clips} clips, ${audioSeconds.toFixed(0)} s of audio, one thread each\n`);
  const row = (what: string, ms: number) => ({
    'ms of processor for a second of audio': what,
    ms: ms.toFixed(2),
  });
  console.log(
    formatRows([
      row('features', features),
      row('the adapter, features included', own),
      row('the graph, in onnxruntime', graph),
      row('this engine, together', own + graph),
      row('sherpa-onnx, together', sherpa),
    ]),
  );
  console.log(`\nThe adapter takes ${(100 * ownShare).toFixed(1)} % of the time.`);
  console.log(`sherpa-onnx takes ${ratioToSherpa.toFixed(2)} times as long.`);
}

/** `bench sensevoice`: what is around SenseVoice's graph, beside a graph of its size, and sherpa-onnx on the same. */
export function senseVoiceCommand(): Command {
  return new Command('sensevoice')
    .description(
      'Compare what is around the graph of SenseVoice with a graph of its size, and with sherpa-onnx on the same file.',
    )
    .requiredOption('--data <DIR>', 'folder with refs.tsv')
    .addOption(
      new Option('--clips <COUNT>', 'only so many clips, the first of a fixed shuffled order')
        .argParser(wholeNumber(1, 10_000))
        .default(40),
    )
    .option('--json <FILE.json>', 'write the figures there too')
    .action(measure);
}
