import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fixture, npmEnv, openFixture } from './model-store.fixture.ts';
import { describeFile, describeModel } from './model-store.origin.ts';

const STORE = new URL('../dist/server/model-store/store.js', import.meta.url);

/** Little more than a pull wants to see free before it begins. */
const DISK_MB = 70;
const FILE_BYTES = 90e6;

const mount = (folder: string) => `mount -t tmpfs -o size=${DISK_MB}m none '${folder}'`;

/** Whether this machine lets a process have a small disk of its own. */
const hasDisks = spawnSync('unshare', ['-rm', 'sh', '-c', mount('/tmp')]).status === 0;

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(async () => {
  await fixture.close();
});

describe.skipIf(!hasDisks)('A disk that is full before the file is there', () => {
  it('is explained in a sentence, and nothing is left on it', async () => {
    await mkdir(fixture.directory);
    const zeros = Buffer.alloc(1 << 20);
    fixture.answers.set('/big.onnx', (response) => {
      response.writeHead(200);
      let sentBytes = 0;
      const more = (): void => {
        while (sentBytes < FILE_BYTES && !response.destroyed) {
          sentBytes += zeros.length;
          if (!response.write(zeros)) return;
        }
        response.end();
      };
      response.on('drain', more);
      more();
    });
    const url = new URL('/big.onnx', fixture.registry.url).href;
    const file = describeFile('big.onnx', zeros, { kind: 'https', url });
    const catalogue = [describeModel('big', [{ ...file, bytes: null }])];
    const script = `
      const { ModelStore } = await import(${JSON.stringify(STORE.href)});
      const { readdirSync } = await import('node:fs');
      const directory = ${JSON.stringify(fixture.directory)};
      const store = new ModelStore({ directory, catalogue: ${JSON.stringify(catalogue)} });
      const error = await store.pull('big').then(() => null, (thrown) => thrown);
      console.log(JSON.stringify({ message: error?.message, left: readdirSync(directory) }));`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    const child = spawn(
      'unshare',
      ['-rm', 'sh', '-c', `${mount(fixture.directory)} && exec "$@"`, 'sh', ...node],
      {
        cwd: fixture.folder,
        env: { PATH: process.env.PATH, ...npmEnv(fixture.folder, fixture.registry.url) },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [printed] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect(JSON.parse(printed)).toEqual({
      message: `There is no room for the model in ${join(fixture.directory)}. Free some, or name another folder with --models-dir.`,
      left: ['big'],
    });
  });
});
