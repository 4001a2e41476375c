import { Command } from 'commander';
import { readConfig } from '../../server/config/config.ts';
import { streamProgress } from '../../server/model-store/progress.ts';
import { ModelStore } from '../../server/model-store/store.ts';
import { saveFigures } from '../save-figures.ts';
import { formatRows, type Row } from '../table.ts';
import { type ListScore, measureHotWords } from './hot-words-bench.ts';

/** Words in a list: what a meeting may have, and the most that a stream may by default. */
const LIST_SIZES = [100, 500];

interface Flags {
  readonly data: string;
  readonly reported: string;
  readonly json?: string;
}

async function measure({ data, reported, json }: Flags): Promise<void> {
  const config = readConfig();
  const store = new ModelStore({ directory: config.modelsDir });
  await store.pull(config.model, { progress: streamProgress() });
  const model = await store.resolve(config.model);
  const note = (sentence: string) => console.error(`  ${sentence}`);
  const scores = await measureHotWords({ data, model, reported, sizes: LIST_SIZES, note });
  for (const { half, list, changes } of scores) {
    if (half === 'tuned on' || list !== Math.max(...LIST_SIZES)) continue;
    console.log(`Heard otherwise with ${list} hot words\n`);
    for (const { plain, mended } of changes) console.log(`- ${plain}\n+ ${mended}\n`);
  }
  console.log(formatRows(scores.map(toRow)));
  if (json !== undefined) await saveFigures(json, { data: reported, lists: scores.map(figures) });
}

function toRow(score: ListScore): Row {
  const percent = (share: number) => (100 * share).toFixed(1);

  return {
    clips: score.half,
    list: score.list,
    said: score.listed,
    'recall %': `${percent(score.recallPlain)} → ${percent(score.recall)}`,
    'recall where missed %': `${percent(score.recallPlainWhereMissed)} → ${percent(score.recallWhereMissed)}`,
    missed: score.missed,
    recovered: score.recovered,
    lost: score.lost,
    'errors elsewhere %': `${score.elsewherePlain.toFixed(2)} → ${score.elsewhere.toFixed(2)}`,
    'errors %': `${score.allPlain.toFixed(2)} → ${score.all.toFixed(2)}`,
    'put where none': `${score.putIntoThose} in ${score.clipsWithoutListed} clips`,
    'ms added': `${score.addedMs.toFixed(1)} to ${score.plainMs.toFixed(0)}`,
  };
}

/** Without the texts. */
function figures({ changes, ...score }: ListScore): object {
  return { ...score, changedClips: changes.length };
}

/** `bench hot-words`: how many rare words a list mends, and what it spoils. */
export function hotWordsCommand(): Command {
  return new Command('hot-words')
    .description('Measure how many rare words a list of hot words mends, what it spoils, and what it costs.')
    .requiredOption('--data <DIR>', 'folder with refs.tsv')
    .option(
      '--reported <FOLDER>',
      'clips that are reported; the hot words were tuned on the others',
      'en/librispeech-test-other',
    )
    .option('--json <FILE>', 'write the figures there too')
    .action(measure);
}
