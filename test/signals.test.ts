import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { finish } from './support/running-server.ts';

const SIGNALS = new URL('../dist/server/cli/signals.js', import.meta.url);

/** A process that would run for ever, were it not for the signal; `stop` is the source of a function. */
async function stopBy(signal: NodeJS.Signals, stop: string) {
  const source = `
    import { untilSignal } from '${SIGNALS.href}';
    const work = setInterval(() => {}, 1000);
    const stopped = untilSignal(${stop});
    console.log('waiting');
    await stopped;
    console.log('stopped');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source]);
  const result = finish(child);
  await once(child.stdout, 'data');
  child.kill(signal);

  return result;
}

describe('untilSignal', () => {
  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const)('on %s waits for the stop and leaves exit code %d', async (signal, code) => {
    const result = await stopBy(signal, 'async () => clearInterval(work)');
    expect(result).toEqual({ code, signal: null, stdout: 'waiting\nstopped\n', stderr: '' });
  });

  it('ends the process with 1 and one line when the stop fails', async () => {
    const result = await stopBy('SIGTERM', "async () => { throw new Error('no way out'); }");
    expect(result).toEqual({
      code: 1,
      signal: null,
      stdout: 'waiting\n',
      stderr: 'roundtable: stopping failed: no way out\n',
    });
  });
});
