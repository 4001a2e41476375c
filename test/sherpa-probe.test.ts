import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { ModelFilesError } from '../inference/model-files-error.ts';
import { probeSherpa } from '../inference/sherpa/probe-sherpa.ts';
import type { SherpaGraphs } from '../inference/sherpa/sherpa-graphs.ts';
import { openFolder, TINY_KINDS, TinySherpaModels, writeBpeVocab } from './support/tiny-sherpa.ts';

const BUILT = new URL('../dist/inference/', import.meta.url);
const PROCESS = new URL('sherpa/probe-process.js', BUILT);

const models = new TinySherpaModels();
afterAll(() => models.remove());

async function refusal(graphs: SherpaGraphs, process = PROCESS): Promise<string> {
  const error = await probeSherpa(graphs, process).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ModelFilesError);
  const { message } = error as Error;
  for (const noise of ['\n', '    at ', '\u001b']) expect(message).not.toContain(noise);

  return message;
}

describe('The probe of a model', () => {
  test.each(TINY_KINDS)('finds nothing wrong with one that can be run: %s', async (kind) => {
    const folder = await models.write(kind);
    if (kind === 'zipformer-transducer') await writeBpeVocab(folder);
    await probeSherpa(await openFolder(folder), PROCESS);
  });

  test('ends in a sentence what ends the process: a graph that is cut off', async () => {
    const graphs = await models.open('paraformer');
    if (graphs.model.family !== 'paraformer') throw new Error();
    const { length } = await readFile(graphs.model.model);
    await truncate(graphs.model.model, length - 100);
    expect(await refusal(graphs)).toContain('sherpa-onnx cannot run the model: ');
  });

  test('tells what sherpa-onnx says of it', async () => {
    const metadata = { subsampling_factor: '-4' };
    expect(await refusal(await models.open('nemo-ctc', { metadata }))).toContain(
      "Invalid value -4 for 'subsampling_factor'",
    );
    const gone = await models.open('zipformer-ctc');
    await rm(gone.tokens!);
    expect(await refusal(gone)).toContain('tokens.txt');
  });

  test('ends what throws as it decodes, as tokens do that are not in the list', async () => {
    const graphs = await models.open('zipformer-ctc');
    // Since it was opened.
    await writeFile(graphs.tokens!, '<blk> 0\nA 1\n');
    expect(await refusal(graphs)).toContain('sherpa-onnx cannot run the model: ');
  });

  test('ends rules that are none', async () => {
    const folder = await models.write('paraformer');
    await writeFile(join(folder, 'itn.fst'), 'x');
    expect(await refusal(await openFolder(folder))).toContain('sherpa-onnx cannot run the model: ');
  });
});

describe('A probe that is given up', () => {
  test('ends its process, and says no more than that', async () => {
    const script = pathToFileURL(join(await models.folder(), 'endless.mjs'));
    await writeFile(script, 'setInterval(() => {}, 1000);');
    const stop = new AbortController();
    const probe = probeSherpa(await models.open('paraformer'), script, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(probe).rejects.toThrow(/^stopped$/);
  });
});

describe('Without sherpa-onnx-node', () => {
  test('a model that needs it ends in a sentence that says what to type', async () => {
    const elsewhere = join(await models.folder(), 'inference');
    await cp(fileURLToPath(BUILT), elsewhere, { recursive: true });
    const graphs = await models.open('paraformer');
    const process = pathToFileURL(join(elsewhere, 'sherpa/probe-process.js'));
    await writeFile(join(elsewhere, '../package.json'), '{"type":"module"}');
    expect(await refusal(graphs, process)).toContain('is not installed. Run "npm install sherpa-onnx-node@');
    const package_ = join(elsewhere, '../node_modules/sherpa-onnx-node');
    await mkdir(package_, { recursive: true });
    await writeFile(
      join(package_, 'index.js'),
      'throw new Error("Could not find sherpa-onnx-node. Tried\\n\\n  a");',
    );
    await writeFile(join(package_, 'package.json'), '{"name":"sherpa-onnx-node","main":"index.js"}');
    expect(await refusal(graphs, process)).toContain('has no binary that loads on');
  });

  test('everything else is as it was: no module but the models that need it asks for it', async () => {
    const script = `
      process.report.excludeNetwork = true;
      await import(${JSON.stringify(new URL('../dist/server/main.js', import.meta.url).href)});
      await import(${JSON.stringify(new URL('load-recognizer.js', BUILT).href)});
      console.log(process.report.getReport().sharedObjects.filter((path) => path.includes('sherpa')).length);
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.trim()).toBe('0');
  });
});
