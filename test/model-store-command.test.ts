import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { modelsCommand } from '../server/cli/models-command.ts';
import { catalogue } from '../server/model-store/catalogue.ts';
import { defaultModelsDirectory } from '../server/model-store/directory.ts';
import { shellWord } from '../server/model-store/shell-word.ts';
import { npmEnv } from './model-store.fixture.ts';
import { noise, type Origin, packument, startOrigin } from './model-store.origin.ts';
import { SenseVoiceModels } from './support/sensevoice-models.ts';

let folder: string;
let directory: string;
let registry: Origin;
let answers: Parameters<typeof startOrigin>[0];
let out: string;
let err: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-store-command-'));
  directory = join(folder, 'models');
  answers = new Map();
  registry = await startOrigin(answers);
  for (const [name, value] of Object.entries(npmEnv(folder, registry.url))) vi.stubEnv(name, value);
  vi.stubEnv('ROUNDTABLE_MODELS_DIR', directory);
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  registry.server.closeAllConnections();
  registry.server.close();
  await rm(folder, { recursive: true });
});

async function models(...args: string[]): Promise<void> {
  await modelsCommand().parseAsync(args, { from: 'user' });
}

describe('models command', () => {
  it('lists every model with its state in aligned columns, within 80 characters, and the directory', async () => {
    await mkdir(join(directory, 'silero-v6'), { recursive: true });
    await writeFile(join(directory, 'silero-v6/silero_vad_v6.onnx'), Buffer.alloc(2_327_524));
    await models('list');
    const lines = out.split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'MODEL                    KIND        LANGUAGES                SIZE  STATE',
      'moonshine-tiny-en        moonshine   en                    28.2 MB  -',
      'silero-v6                silero      any                    2.3 MB  installed',
      'sensevoice-small         sensevoice  zh yue en ja ko      241.6 MB  -',
    ]);
    expect(out).toContain('en zh de es ru +94');
    expect(out).toContain(`Models directory: ${directory}\n`);
    expect(
      Math.max(...lines.filter((line) => !line.includes(directory)).map(({ length }) => length)),
    ).toBeLessThanOrEqual(80);
  });

  it('shows what is known of a model', async () => {
    await models('show', 'sensevoice-small');
    for (const part of [
      'FunASR Model License',
      'iic/SenseVoiceSmall-onnx',
      '241216270 bytes',
      '21dc965f689a78d1',
    ])
      expect(out).toContain(part);
    expect(Math.max(...out.split('\n').map(({ length }) => length - directory.length))).toBeLessThanOrEqual(
      80,
    );
  });

  it('verifies what is on disk, says how to repair it and exits with 1', async () => {
    await mkdir(join(directory, 'silero-v6'), { recursive: true });
    await writeFile(join(directory, 'silero-v6/silero_vad_v6.onnx'), 'short');
    await models('verify');
    expect(out).toContain('silero-v6: silero_vad_v6.onnx is damaged: it holds 5 bytes instead of 2327524');
    expect(out).toContain(`Run "roundtable models pull silero-v6 --models-dir '${directory}'" to repair it.`);
    expect(out).not.toContain('moonshine');
    expect(process.exitCode).toBe(1);
  });

  it('quotes folders in commands as the shell at hand wants it', () => {
    expect(shellWord("/home/o'neil/my models", 'linux')).toBe("'/home/o'\\''neil/my models'");
    expect(shellWord('C:\\my models', 'win32')).toBe('"C:\\my models"');
  });

  it('says so when there is nothing to verify', async () => {
    await models('verify');
    expect(out).toBe(`No models are installed in ${directory}.\n`);
    expect(process.exitCode).toBeUndefined();
  });

  it('prefers the flag to the environment variable', async () => {
    await models('verify', '--models-dir', join(folder, 'other'));
    expect(out).toContain(join(folder, 'other'));
  });

  it('takes an empty variable for none, as the server does, and refuses an empty flag', async () => {
    vi.stubEnv('ROUNDTABLE_MODELS_DIR', '');
    await models('list');
    expect(out).toContain(`Models directory: ${defaultModelsDirectory()}\n`);
    vi.stubEnv('ROUNDTABLE_MODELS_DIR', directory);
    await expect(models('list', '--models-dir', '')).rejects.toThrow('(ROUNDTABLE_MODELS_DIR) is empty.');
    vi.stubEnv('MODEL_HUB', '');
    await expect(models('pull', 'whisper')).rejects.toThrow('There is no model named "whisper"');
  });

  it('refuses an unknown name with the known ones', async () => {
    await expect(models('pull', 'whisper')).rejects.toThrow(
      `The models known are: ${catalogue.map(({ name }) => name).join(', ')}.`,
    );
  });

  it('fetches and deletes nothing when one of several names is unknown', async () => {
    await mkdir(join(directory, 'silero-v6'), { recursive: true });
    await writeFile(join(directory, 'silero-v6/silero_vad_v6.onnx'), 'short');
    await expect(models('remove', 'silero-v6', 'silero')).rejects.toThrow('There is no model named "silero"');
    await expect(models('pull', 'silero-v6', 'silero')).rejects.toThrow('There is no model named "silero"');
    expect(await readdir(directory)).toEqual(['silero-v6']);
    expect(registry.seen).toEqual([]);
  });

  it('refuses a hub that is none, without repeating what may be a password', async () => {
    const refusal = models('pull', '--model-hub', 'https://me:s3cret@models.example.org');
    await expect(refusal).rejects.toThrow(/^--model-hub \(MODEL_HUB\) has a password in it(?!.*s3cret)/);
    vi.stubEnv('MODEL_HUB', 'elsewhere');
    await expect(models('pull')).rejects.toThrow('is neither auto, modelscope, huggingface nor');
  });

  it('says how much is kept when Ctrl-C stops it, and goes on from there', async () => {
    const content = noise(400_000, 41);
    const file = '/whisper-base/base-encoder.int8.onnx';
    vi.stubEnv('MODEL_HUB', registry.url);
    const before = new Set(process.listeners('SIGINT'));
    const bytes = catalogue.find(({ name }) => name === 'whisper-base')!.files[0]!.bytes!;
    answers.set(file, (response) => {
      response.writeHead(200, { 'content-length': bytes });
      response.write(content);
    });
    const stop = setInterval(async () => {
      const parts = await readdir(directory).catch(() => []);
      const part = parts.find((name) => name.startsWith('.download-'));
      const size = part ? (await stat(join(directory, part, 'data')).catch(() => null))?.size : 0;
      if (size === content.length)
        for (const listener of process.listeners('SIGINT')) if (!before.has(listener)) listener('SIGINT');
    }, 20);
    await models('pull', 'whisper-base').finally(() => clearInterval(stop));
    expect(process.exitCode).toBe(130);
    expect(err).toContain(
      'Stopped. 0 % of whisper-base is kept (0.4 MB of 160.6 MB); the next pull fetches the rest.',
    );
  });

  it('imports a model, lists, verifies and deletes it', async () => {
    const tiny = new SenseVoiceModels();
    const source = await tiny.write({ packaging: 'funasr' });
    await models('import', source, '--name', 'house-model');
    expect(out).toContain(
      'house-model: imported. It is of kind sensevoice.\nServe it: roundtable serve --model house-model',
    );
    out = '';
    await models('list');
    expect(out).toMatch(/^house-model +sensevoice +zh en yue ja ko +[\d.]+ MB {2}imported$/m);
    await models('verify');
    expect(out).toContain('house-model: intact');
    await models('remove', 'house-model');
    expect(out).toContain('house-model: deleted');
    expect(await readdir(directory)).toEqual([]);
    await tiny.remove();
  });

  it('stops on Ctrl-C with exit code 130 and nothing half-written', async () => {
    const tarballPath = '/@ricky0123/vad-web/-/vad-web-0.0.31.tgz';
    const before = new Set(process.listeners('SIGINT'));
    answers.set('/@ricky0123/vad-web', packument('0.0.31', new URL(tarballPath, registry.url).href));
    answers.set(tarballPath, (response) => {
      response.write(Buffer.from([0x1f, 0x8b]), () => {
        for (const listener of process.listeners('SIGINT')) if (!before.has(listener)) listener('SIGINT');
      });
    });
    await models('pull', 'silero-v6');
    expect(process.exitCode).toBe(130);
    expect(err).toContain(
      'silero-v6: fetching 5.5 MB\nStopped. Nothing of silero-v6 is kept; the next pull begins anew.',
    );
    expect(await readdir(directory, { recursive: true })).toEqual(['silero-v6']);
    expect(new Set(process.listeners('SIGINT'))).toEqual(before);
  });
});
