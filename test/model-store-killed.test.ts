import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fixture, npmEnv, openFixture } from './model-store.fixture.ts';
import { describeFile, describeModel, noise, serve } from './model-store.origin.ts';

const STORE = new URL('../dist/server/model-store/store.js', import.meta.url);

const content = noise(3_000_000, 21);

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(async () => {
  await fixture.close();
});

describe('A pull whose process is killed', () => {
  it('is gone on with by the next process, which fetches only the rest', async () => {
    const url = new URL('/big.onnx', fixture.registry.url).href;
    const model = describeModel('big', [describeFile('big.onnx', content, { kind: 'https', url })]);
    let child: ReturnType<typeof spawn> | null = null;
    fixture.answers.set('/big.onnx', (response) => {
      response.writeHead(200, { 'content-length': content.length, etag: '"1"' });
      response.write(content.subarray(0, 2_000_000));
    });
    const script = `
      const { ModelStore } = await import(${JSON.stringify(STORE.href)});
      const store = new ModelStore(${JSON.stringify({ directory: fixture.directory, catalogue: [model] })});
      let received = 0;
      const progress = { start() {}, expect() {}, note() {}, finish() {}, advance(bytes) {
        received += bytes;
        if (received >= 1_500_000) process.stdout.write('enough\\n');
      } };
      await store.pull('big', { progress });`;
    child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: fixture.folder,
      env: { PATH: process.env.PATH, ...npmEnv(fixture.folder, fixture.registry.url) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout!, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = await fixture.store({ catalogue: [model] });
    const [before] = await store.list();
    expect(before!.hereBytes).toBeGreaterThanOrEqual(1_500_000);
    fixture.answers.set('/big.onnx', serve(content, { etag: '"1"' }));
    fixture.registry.seen.length = 0;
    await store.pull('big');
    expect(fixture.registry.seen).toMatchObject([{ range: `bytes=${before!.hereBytes}-`, ifRange: '"1"' }]);
    expect(await store.verify('big')).toEqual([]);
    expect(await fixture.contents()).toEqual(['big', join('big', 'big.onnx')]);
  });
});
