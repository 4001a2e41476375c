import { once } from 'node:events';
import { cp, mkdtemp, open, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../server/config/config.ts';
import { environmentName, flagName, OPTIONS, type OptionName } from '../../server/config/options.ts';
import { finish, runRoundtable, spawnRoundtable } from '../support/running-server.ts';

/** A registry that nobody runs. */
const NO_NETWORK = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' };

describe.concurrent('roundtable serve', () => {
  it('says when it is ready, and how to let a recording speak to it', async () => {
    const child = spawnRoundtable(['serve', '--port', '0', '--log-level', 'error']);
    const result = finish(child);
    await once(child.stdout!, 'data');
    child.kill('SIGTERM');
    const { code, stdout } = await result;
    expect(code).toBe(0);
    const [, address] = /Open http:\/\/(127\.0\.0\.1:\d+) in a browser/.exec(stdout)!;
    expect(stdout).toContain(`  npx roundtable transcribe --url ${address} RECORDING`);
    expect(stdout).toContain(`  ws://${address}/v1/stream`);
  });

  it('says that its port is in use, and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stdout, stderr } = await runRoundtable(['serve', '--port', String(port)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `roundtable: Cannot listen on 127.0.0.1:${port}: the port is in use, or the address is not this machine's. Choose another with --port or --host.\n`,
    );
    other.close();
  });

  it.each<[readonly string[], NodeJS.ProcessEnv, string]>([
    [
      ['--port', '65536'],
      {},
      "--port is '65536', but has to be a whole number from 0 to 65535. The default is 8080.",
    ],
    [
      ['--max-streams', 'many'],
      {},
      "--max-streams is 'many', but has to be a whole number from 1 to 100000.",
    ],
    [['--max-streams', ''], {}, "--max-streams is ''"],
    [
      ['--min-silence-ms', '99.5'],
      {},
      "--min-silence-ms is '99.5', but has to be a whole number from 100 to 2000 ms.",
    ],
    [
      ['--start-threshold', 'NaN'],
      {},
      "--start-threshold is 'NaN', but has to be a number from 0.1 to 0.95.",
    ],
    [['--log-level', 'loud'], {}, "--log-level 'loud' is none of debug, info, warn, error, silent."],
    [['--devices', 'cpu,tpu'], {}, "--devices 'cpu,tpu' has 'tpu', which is neither cpu nor cuda:N."],
    [['--host', ''], {}, "--host '' is empty."],
    [[], { ROUNDTABLE_MAX_VIEWERS: '-1' }, "ROUNDTABLE_MAX_VIEWERS is '-1', but has to be a whole number"],
    [[], { PORT: 'http' }, "PORT is 'http', but has to be a whole number"],
    [
      ['--max-segment-ms', '28000', '--max-buffered-ms', '35000'],
      {},
      '--max-buffered-ms (35000) has to be at least twice',
    ],
    [['--model', 'whisper'], {}, 'There is no model named "whisper". The models known are: '],
    [
      ['--model', 'silero-v6'],
      {},
      '--model silero-v6 is of kind silero; it has to be of kind moonshine or sensevoice or sherpa.',
    ],
  ])('%j with %j stops the start with a sentence', async (flags, environment, sentence) => {
    const { code, stdout, stderr } = await runRoundtable(['serve', '--log-level', 'error', ...flags], {
      PORT: '0',
      ...environment,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.startsWith(`roundtable: ${sentence}`)).toBe(true);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('refuses a model whose bytes have changed, and says how to repair it when it cannot itself', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roundtable-damaged-'));
    await cp(readConfig().modelsDir, folder, { recursive: true });
    const file = await open(join(folder, 'silero-v6/silero_vad_v6.onnx'), 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, 100_000);
    await file.write(Uint8Array.of(byte[0]! ^ 1), 0, 1, 100_000);
    await file.close();
    const { code, stdout, stderr } = await runRoundtable(
      ['serve', '--port', '0', '--log-level', 'error', '--models-dir', folder],
      NO_NETWORK,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^roundtable: .*\.$/m);
    expect(stderr).toContain('127.0.0.1:9');
    expect(stderr).not.toMatch(/^\s+at /m);
    await rm(folder, { recursive: true });
  });
});

describe.concurrent('The help', () => {
  it('of serve names every flag, variable and range', async () => {
    const { code, stdout } = await runRoundtable(['serve', '--help']);
    expect(code).toBe(0);
    const text = stdout.replaceAll(/\s+/g, ' ');
    for (const [name, option] of Object.entries(OPTIONS) as [OptionName, (typeof OPTIONS)[OptionName]][]) {
      expect(text).toContain(`${flagName(name)} <`);
      expect(text).toContain(`[${environmentName(name)}]`);
      expect(text).toContain(option.about);
      if (option.kind === 'number')
        expect(text).toContain(`(${option.min} to ${option.max}, default ${option.default} `);
    }
  });

  it.each([
    [
      'transcribe',
      [
        '--url',
        '--format',
        '--out',
        '--pace',
        '--meeting',
        '"txt", "srt", "vtt", "json"',
        '"realtime", "fast"',
      ],
    ],
    ['models', ['list', 'pull', 'verify']],
  ])('of %s names every flag', async (command, flags) => {
    const { code, stdout } = await runRoundtable([command, '--help']);
    expect(code).toBe(0);
    const text = stdout.replaceAll(/\s+/g, ' ');
    for (const flag of flags) expect(text).toContain(flag);
  });

  it('names the commands', async () => {
    const { code, stdout } = await runRoundtable(['--help']);
    expect(code).toBe(0);
    for (const command of ['serve', 'transcribe', 'models']) expect(stdout).toContain(`  ${command} `);
  });

  it('says in its examples that transcribe needs no server', async () => {
    const { stdout } = await runRoundtable(['help']);
    expect(stdout).toMatch(/roundtable transcribe talk\.flac .*needs no server$/m);
  });

  it.each([
    [['serve', '--prot', '9000'], '--prot', 'Did you mean --port?'],
    [['transcribe', '--ourl', 'x', 'talk.flac'], '--ourl', 'Did you mean --url?'],
    [['models', 'list', '--all'], '--all', ''],
    [['--all'], '--all', ''],
  ])('is pointed to when %j holds an unknown flag', async (args, flag, suggestion) => {
    const { code, stderr } = await runRoundtable(args);
    expect(code).toBe(1);
    expect(stderr).toContain(`unknown option '${flag}'`);
    expect(stderr).toContain(suggestion);
    expect(stderr.endsWith('Try --help.\n')).toBe(true);
  });
});
