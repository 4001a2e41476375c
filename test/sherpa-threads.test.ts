import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecognizerGraphs } from '../inference/load-recognizer.ts';
import { guardRuns } from '../inference/native-guard.ts';
import { Sherpa } from '../inference/sherpa/sherpa.ts';
import type { SherpaGraphs } from '../inference/sherpa/sherpa-graphs.ts';
import { ThreadedRecognizers } from '../inference/threads/threaded-recognizers.ts';
import { describeRecognizer, segment } from './contract/recognizer.contract.ts';
import { clip, rebuiltMoonshine, threadUrl } from './support/models.ts';
import { recognizerOf } from './support/recognizer-pools.ts';
import { packMoonshine } from './support/sherpa-moonshine.ts';
import { openFolder, TinySherpaModels, writeBpeVocab } from './support/tiny-sherpa.ts';

const models = new TinySherpaModels();
let moonshine: SherpaGraphs;
beforeAll(async () => {
  const folder = await models.folder();
  await packMoonshine(folder);
  moonshine = await openFolder(folder);
});
afterAll(() => models.remove());

const start = (...models: readonly RecognizerGraphs[]) =>
  ThreadedRecognizers.start({ workerUrl: threadUrl('recognizer-thread'), models, devices: ['cpu', 'cpu'] });

describeRecognizer({
  name: 'Moonshine through sherpa-onnx in two threads',
  create: async () => recognizerOf(await start(moonshine)),
  real: true,
});

describe('A thread that runs sherpa-onnx', () => {
  test('says so while it loads a model, and while it hears a segment', async () => {
    const told: string[] = [];
    guardRuns({ enter: () => told.push('in'), leave: () => told.push('out') });
    try {
      const recognizer = await Sherpa.load(moonshine);
      expect(told).toEqual(['in', 'out']);
      await recognizer.decode([new Float32Array(4000), new Float32Array(8000)].map(segment));
      expect(told).toEqual(['in', 'out', 'in', 'out', 'in', 'out']);
    } finally {
      guardRuns({ enter: () => {}, leave: () => {} });
    }
  });

  test('may run a model of ours beside it, on the other onnxruntime, and knows which hot words it can write', async () => {
    const folder = await models.write('zipformer-transducer');
    await writeBpeVocab(folder);
    const pool = await start(moonshine, await rebuiltMoonshine(), await openFolder(folder));
    const speech = await clip('1688-142285-0002.flac');
    const heard = await Promise.all([0, 1].map((model) => pool.decode(model, [segment(speech)])));
    const [theirs, ours] = heard.map(({ hypotheses }) => hypotheses[0]!.text);
    expect(theirs).toBe(ours);
    expect([pool.canWrite(2, 'Speaker two'), pool.canWrite(2, '你好'), pool.canWrite(2, 'a/b')]).toEqual([
      ...[true, false, false],
    ]);
    await pool.close();
  });

  test('may be closed while it hears: the batch is settled and the process lives on', async () => {
    const script = fileURLToPath(new URL('./fixtures/threads/close-while-decoding.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(moonshine)]);
    expect(['answered', 'closed']).toContain(stdout.trim());
  });

  test('does not load the onnxruntime of the other models', async () => {
    const script = `
      process.report.excludeNetwork = true;
      const { Sherpa } = await import(${JSON.stringify(new URL('../dist/inference/sherpa/sherpa.js', import.meta.url).href)});
      await Sherpa.load(JSON.parse(process.argv[1]));
      const { sharedObjects } = process.report.getReport();
      console.log(sharedObjects.filter((path) => path.includes('onnxruntime')).map((path) => path.includes('sherpa')));
    `;
    const run = promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      script,
      JSON.stringify(moonshine),
    ]);
    expect((await run).stdout.trim()).toBe('[ true ]');
  });
});
