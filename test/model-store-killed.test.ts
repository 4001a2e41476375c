import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CatalogueEntry } from '../server/model-store/catalogue-entry.ts';
import { type Fixture, noting, npmEnv, openFixture } from './model-store.fixture.ts';
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

/** Pulls the model in a process of its own, which says `enough` once so many bytes are there. */
async function pullElsewhere(model: CatalogueEntry, bytes: number): Promise<ChildProcess> {
  const script = `
    const { ModelStore } = await import(${JSON.stringify(STORE.href)});
    const store = new ModelStore(${JSON.stringify({ directory: fixture.directory, catalogue: [model] })});
    let received = 0;
    const progress = { start() {}, expect() {}, note() {}, finish() {}, advance(bytes) {
      received += bytes;
      if (received >= ${bytes}) process.stdout.write('enough\\n');
    } };
    await store.pull('big', { progress });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fixture.folder,
    env: { PATH: process.env.PATH, ...npmEnv(fixture.folder, fixture.registry.url) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');

  return child;
}

function bigModel(): CatalogueEntry {
  const url = new URL('/big.onnx', fixture.registry.url).href;

  return describeModel('big', [describeFile('big.onnx', content, { kind: 'https', url })]);
}

/** Answers with the first two of three million bytes, and calls `rest` with what sends the others. */
function answerPartly(rest: (finish: () => void) => void): void {
  fixture.answers.set('/big.onnx', (response) => {
    response.writeHead(200, { 'content-length': content.length, etag: '"1"' });
    response.write(content.subarray(0, 2_000_000));
    rest(() => response.end(content.subarray(2_000_000)));
  });
}

describe('A pull whose process is killed', () => {
  it('is gone on with by the next process, which fetches only the rest', async () => {
    const model = bigModel();
    answerPartly(() => undefined);
    const child = await pullElsewhere(model, 1_500_000);
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

describe('A pull while another process fetches the same', () => {
  it('waits for that one, and fetches nothing itself', async () => {
    const model = bigModel();
    let finish: () => void = () => undefined;
    answerPartly((rest) => {
      finish = rest;
    });
    const child = await pullElsewhere(model, 1_500_000);
    const exited = once(child, 'exit');
    const store = await fixture.store({ catalogue: [model] });
    const notes: string[] = [];
    const note = (sentence: string) => {
      notes.push(sentence);
      finish();
    };
    await store.pull('big', { progress: { ...noting(), note } });
    expect(notes).toEqual(['Another process is fetching it. Waiting for it to finish.']);
    expect(await exited).toEqual([0, null]);
    expect(fixture.registry.seen).toHaveLength(1);
    expect(await store.verify('big')).toEqual([]);
    expect(await fixture.contents()).toEqual(['big', join('big', 'big.onnx')]);
  });
});
