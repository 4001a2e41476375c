import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LevelVad } from '../inference/doubles/level-vad.ts';
import { guardRuns } from '../inference/native-guard.ts';
import { Silero } from '../inference/silero/silero.ts';
import { initialVadState } from '../inference/silero/state.ts';
import { ThreadedVad } from '../inference/threads/threaded-vad.ts';
import { type VadRequest, WINDOW_SAMPLES } from '../inference/vad.ts';
import { describeVad } from './contract/vad.contract.ts';
import { fixture, until } from './support/commanded-pool.ts';
import { clip, sileroFile, threadUrl } from './support/models.ts';

describeVad({ name: 'Silero', create: async () => Silero.load(await sileroFile(), 'cpu') });

describeVad({
  name: 'ThreadedVad',
  create: async () => ThreadedVad.start({ workerUrl: threadUrl('vad-thread'), file: await sileroFile() }),
});

describeVad({ name: 'LevelVad', create: async () => new LevelVad() });

describe('Silero', () => {
  test('remembers how the last window ended, and hears the next one by it', async () => {
    const vad = await Silero.load(await sileroFile(), 'cpu');
    const samples = (await clip('1688-142285-0002.flac')).slice(0, 20 * WINDOW_SAMPLES);
    const [first] = await vad.detect([{ windows: samples.slice(), state: vad.initialState() }]);
    expect(first!.state.slice(-64)).toEqual(samples.slice(-64));
    const forgetful = first!.state.slice();
    forgetful.fill(0, -64);
    const next = samples.slice(5 * WINDOW_SAMPLES, 6 * WINDOW_SAMPLES);
    const [recalling, without] = await vad.detect([
      { windows: next.slice(), state: first!.state },
      { windows: next.slice(), state: forgetful },
    ]);
    expect(recalling!.probabilities).not.toEqual(without!.probabilities);
    await vad.close();
  });
});

describe('Session', () => {
  test('tells its guard of loading and of runs, and of several at once only once', async () => {
    const told: string[] = [];
    guardRuns({ enter: () => told.push('in'), leave: () => told.push('out') });
    const file = await sileroFile();
    const vads = await Promise.all([Silero.load(file, 'cpu'), Silero.load(file, 'cpu')]);
    expect(told).toEqual(['in', 'out']);
    await vads[0]!.detect([{ windows: new Float32Array(WINDOW_SAMPLES), state: initialVadState() }]);
    expect(told).toEqual(['in', 'out', 'in', 'out']);
    await expect(Silero.load('/nowhere/vad.onnx', 'cpu')).rejects.toThrow('/nowhere');
    expect(told.slice(4)).toEqual(['in', 'out']);
    guardRuns({ enter: () => {}, leave: () => {} });
    await Promise.all(vads.map((vad) => vad.close()));
  });
});

describe('ThreadedVad', () => {
  test('does not start without its model', async () => {
    const starting = ThreadedVad.start({ workerUrl: threadUrl('vad-thread'), file: '/nowhere/vad.onnx' });
    await expect(starting).rejects.toThrow('/nowhere/vad.onnx');
  });

  describe('of threads that die', () => {
    let vad: ThreadedVad;
    const told = { crashes: 0, hangs: 0 };
    let spinning = false;
    let pipe: string | undefined;
    const folder = mkdtempSync(join(tmpdir(), 'roundtable-vad-'));
    const file = join(folder, 'deaths');

    beforeAll(async () => {
      process.env.MORTAL_VAD_FILE = file;
      deadly(0);
      vad = await ThreadedVad.start({
        workerUrl: fixture('mortal-vad'),
        file: await sileroFile(),
        deadlineMs: 1000,
        onCrash: () => told.crashes++,
        onHang: () => told.hangs++,
        // Where the thread is never going to answer there is nothing to wait for.
        after: (ms, pass) => {
          if (ms !== 1000) return () => {};
          const look = () => {
            const hanging = pipe !== undefined && told.hangs === 0;
            if (spinning || (hanging && readFileSync(file, 'utf8') === deaths(0))) pass();
            else if (hanging) turn = setImmediate(look);
          };
          let turn = setImmediate(look);

          return () => clearImmediate(turn);
        },
      });
    });

    afterAll(async () => {
      await vad.close();
      rmSync(folder, { recursive: true });
    });

    const deaths = (left: number) => JSON.stringify({ deaths: left, spin: spinning, pipe });

    /** One window that so many threads die of. */
    function deadly(left: number): VadRequest[] {
      writeFileSync(file, deaths(left));

      return [{ windows: new Float32Array(WINDOW_SAMPLES), state: initialVadState() }];
    }

    test('tries once more when its thread dies', async () => {
      const expected = await vad.detect(deadly(0));
      expect(await vad.detect(deadly(1))).toEqual(expected);
      expect(told).toEqual({ crashes: 1, hangs: 0 });
    });

    test('gives windows up that kill two threads, and judges the next', async () => {
      told.crashes = 0;
      await expect(vad.detect(deadly(2))).rejects.toThrow('The thread died');
      expect(told).toEqual({ crashes: 2, hangs: 0 });
      expect(await vad.detect(deadly(0))).toHaveLength(1);
    });

    test('gives up a thread that does not answer in time', async () => {
      spinning = true;
      await expect(vad.detect(deadly(2))).rejects.toThrow('has not answered within 1000 ms');
      spinning = false;
      expect(told.hangs).toBe(2);
      expect(await vad.detect(deadly(0))).toHaveLength(1);
    });

    test.runIf(process.platform === 'linux')(
      'tries once more when its thread hangs in native code',
      async () => {
        const expected = await vad.detect(deadly(0));
        pipe = join(folder, 'pipe');
        execFileSync('mkfifo', [pipe]);
        told.hangs = 0;
        expect(await vad.detect(deadly(1))).toEqual(expected);
        expect([vad.abandoned, vad.exhausted]).toEqual([1, false]);
        const writer = openSync(pipe, 'r+');
        await until(() => vad.abandoned === 0);
        closeSync(writer);
        pipe = undefined;
      },
    );

    test.runIf(process.platform === 'linux')('has the priority of the process', () => {
      expect(vad.osThreadIds).toHaveLength(1);
      expect(getPriority(vad.osThreadIds[0])).toBe(getPriority());
    });
  });
});
