import { execFile } from 'node:child_process';
import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScriptedRecognizer } from '../inference/doubles/scripted-recognizer.ts';
import { loadMoonshine } from '../inference/moonshine/load-moonshine.ts';
import type { Recognizer } from '../inference/recognizer.ts';
import { ThreadedRecognizers } from '../inference/threads/threaded-recognizers.ts';
import { describeRecognizer, segment } from './contract/recognizer.contract.ts';
import { fixture, until } from './support/commanded-pool.ts';
import { clip, oneRunMoonshine, rebuiltMoonshine, shippedMoonshine, threadUrl } from './support/models.ts';
import { recognizerOf } from './support/recognizer-pools.ts';

/** Before any thread has been started. */
const OWN_PRIORITY = getPriority();

describeRecognizer({
  name: 'Moonshine, rebuilt',
  create: async () => loadMoonshine(await rebuiltMoonshine(), 'cpu'),
  real: true,
});

describeRecognizer({
  name: 'Moonshine, as shipped',
  create: async () => loadMoonshine(await shippedMoonshine(), 'cpu'),
  real: true,
});

describeRecognizer({
  name: 'Moonshine, in one run',
  create: async () => loadMoonshine(await oneRunMoonshine(), 'cpu'),
  real: true,
});

describeRecognizer({
  name: 'ThreadedRecognizers, one of them',
  create: async () =>
    recognizerOf(
      await ThreadedRecognizers.start({
        workerUrl: threadUrl('recognizer-thread'),
        models: [await rebuiltMoonshine()],
        devices: ['cpu'],
      }),
    ),
  real: true,
});

describeRecognizer({
  name: 'ScriptedRecognizer',
  create: async () =>
    new ScriptedRecognizer({
      script: ({ samples }) => `${samples.length} samples, ${samples[4000] ?? 0} in them`,
    }),
  real: false,
});

describe('ThreadedRecognizers', () => {
  const crashesLeft = new SharedArrayBuffer(4);
  const crashes = new Int32Array(crashesLeft);
  const stuck = new Int32Array(new SharedArrayBuffer(12));
  /** Passes the deadlines of all batches that are being decoded. */
  let passDeadlines = () => {};
  let pool: ThreadedRecognizers;
  let recognizer: Recognizer;
  let speech: Float32Array;
  const told = { crashes: 0, hangs: 0 };

  beforeAll(async () => {
    speech = (await clip('1688-142285-0002.flac')).slice(0, 16_000);
    const graphs = { ...(await rebuiltMoonshine()), crashesLeft, stuck: stuck.buffer };
    pool = await ThreadedRecognizers.start({
      workerUrl: fixture('mortal-recognizer'),
      models: [graphs],
      devices: ['cpu'],
      onCrash: () => told.crashes++,
      onHang: () => told.hangs++,
      after: (ms, pass) => {
        if (ms === 1000) passDeadlines = pass;

        return () => {};
      },
    });
    recognizer = recognizerOf(pool);
  });

  afterAll(() => recognizer.close());

  const mortal = () => ({ ...segment(speech), language: 'x-crash' });

  test('fails a batch whose thread died, and decodes the next one on another thread', async () => {
    const { hypotheses: expected } = await recognizer.decode([segment(speech)]);
    Atomics.store(crashes, 0, 1);
    const crashed = { name: 'RecognizerError', reason: 'crashed' };
    await expect(recognizer.decode([mortal()])).rejects.toMatchObject(crashed);
    expect(told.crashes).toBe(1);
    const { hypotheses } = await recognizer.decode([mortal()]);
    expect(hypotheses).toEqual(expected);
  });

  test('hears the same in shared memory, and when the batch is handed over again after a death', async () => {
    const { hypotheses: expected } = await recognizer.decode([segment(speech)]);
    const samples = new Float32Array(new SharedArrayBuffer(100_000), 0, speech.length);
    samples.set(speech);
    Atomics.store(crashes, 0, 1);
    const batch = [{ samples, language: 'x-crash' }];
    await expect(recognizer.decode(batch)).rejects.toMatchObject({ reason: 'crashed' });
    const { hypotheses } = await recognizer.decode(batch);
    expect(hypotheses).toEqual(expected);
    expect(hypotheses[0]!.text).not.toBe('');
    expect(samples).toEqual(new Float32Array(speech));
  });

  test('fails a batch that is not decoded in time, ends its thread, and decodes the next one', async () => {
    const decoding = recognizer.decode([{ ...segment(speech), language: 'x-spin' }], 1000);
    passDeadlines();
    await expect(decoding).rejects.toMatchObject({ name: 'RecognizerError', reason: 'hung' });
    expect(told.hangs).toBe(1);
    expect(pool.abandoned).toBe(0);
    expect((await recognizer.decode([segment(speech)])).hypotheses[0]!.text).not.toBe('');
  });

  test('replaces a thread that is stuck inside the runtime, once, and leaves it alone until it comes out', async () => {
    const [TO_STICK, STUCK, RELEASED] = [0, 1, 2];
    const getStuck = async (times: number) => {
      Atomics.store(stuck, TO_STICK, 1);
      const decoding = recognizer.decode([segment(speech)], 1000);
      await until(() => Atomics.load(stuck, STUCK) === times);
      passDeadlines();
      await expect(decoding).rejects.toMatchObject({ reason: 'hung' });
      expect(pool.abandoned).toBe(times);
    };
    await getStuck(1);
    expect((await recognizer.decode([segment(speech)])).hypotheses[0]!.text).not.toBe('');
    expect(pool.exhausted).toBe(false);
    await getStuck(2);
    expect(pool.exhausted).toBe(true);
    expect(recognizer.idle).toBe(0);
    await expect(recognizer.decode([segment(speech)])).rejects.toMatchObject({ reason: 'unavailable' });
    Atomics.store(stuck, RELEASED, 1);
    Atomics.notify(stuck, RELEASED);
    await until(() => pool.abandoned === 0);
    expect((await recognizer.decode([segment(speech)])).hypotheses[0]!.text).not.toBe('');
  });

  test.runIf(process.platform === 'linux')('lets other threads of the process go first', () => {
    const [id, ...others] = pool.osThreadIds;
    expect(others).toEqual([]);
    expect(getPriority(id)).toBe(Math.min(19, OWN_PRIORITY + 5));
    expect(getPriority()).toBe(OWN_PRIORITY);
  });

  test('may be closed while it decodes: the batch is settled and the process lives on', async () => {
    // In a process of its own, because what goes wrong here takes the whole process down.
    const graphs = JSON.stringify(await rebuiltMoonshine());
    const script = fileURLToPath(new URL('./fixtures/threads/close-while-decoding.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script, graphs]);
    expect(['answered', 'closed']).toContain(stdout.trim());
  });

  test.each(['encoder', 'preciseDecoder'])('does not start when the %s is missing', async (name) => {
    const graphs = { ...(await rebuiltMoonshine()), [name]: `/nowhere/${name}.onnx` };
    const starting = ThreadedRecognizers.start({
      workerUrl: threadUrl('recognizer-thread'),
      models: [graphs],
      devices: ['cpu'],
    });
    await expect(starting).rejects.toThrow(`/nowhere/${name}.onnx`);
  });

  test('takes as many batches at once as it has threads', async () => {
    const two = await ThreadedRecognizers.start({
      workerUrl: threadUrl('recognizer-thread'),
      models: [await rebuiltMoonshine()],
      devices: ['cpu', 'cpu'],
    });
    expect(two.concurrency).toBe(2);
    const answers = await Promise.all([two.decode(0, [segment(speech)]), two.decode(0, [segment(speech)])]);
    expect(answers[0]!.hypotheses).toEqual(answers[1]!.hypotheses);
    await two.close();
  });
});

describe('onnxruntime', () => {
  const built = (path: string) => fileURLToPath(new URL(`../dist/${path}`, import.meta.url));
  /** Prints, as the process ends, the native libraries of onnxruntime that it has loaded. */
  const PRELOAD = `data:text/javascript,${encodeURIComponent(`
    process.report.excludeNetwork = true;
    process.on('exit', () => {
      const { sharedObjects } = process.report.getReport();
      console.log('libraries:', sharedObjects.filter((path) => path.includes('onnxruntime')).length);
    });
  `)}`;
  const run = async (...command: string[]) =>
    (await promisify(execFile)(process.execPath, ['--import', PRELOAD, ...command])).stdout;

  test('is loaded by the modules that threads run', async () => {
    expect(await run(built('inference/moonshine/moonshine.js'))).toMatch(/libraries: [1-9]/);
    expect(await run(built('inference/silero/silero.js'))).toMatch(/libraries: [1-9]/);
  });

  test('is not loaded by the thread that serves sockets', async () => {
    expect(await run(built('server/main.js'))).toContain('libraries: 0');
  });

  test('is not loaded to show the help', async () => {
    const shown = await run(built('server/cli/main.js'), 'serve', '--help');
    expect(shown).toContain('--devices');
    expect(shown).toContain('libraries: 0');
  });
});
