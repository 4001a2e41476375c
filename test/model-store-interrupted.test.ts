import { once } from 'node:events';
import { rm, stat, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../server/failure.ts';
import { IncomingFile } from '../server/model-store/incoming-file.ts';
import { type Fixture, failureOf, openFixture, tarballPath } from './model-store.fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(async () => {
  await fixture.close();
});

function tarballRequests(): number {
  return fixture.registry.seen.filter(({ path }) => path === tarballPath).length;
}

/** Answers with the first `bytes` of the tarball and then does what `then` says. */
function answerPartly(bytes: number, then: (response: ServerResponse) => void): void {
  fixture.answers.set(tarballPath, (response) => {
    response.writeHead(200, { 'content-length': fixture.tarball.length });
    response.write(fixture.tarball.subarray(0, bytes), () => then(response));
  });
}

describe('ModelStore pull, interrupted', () => {
  it('leaves nothing behind when the connection always breaks half-way', async () => {
    answerPartly(fixture.tarball.length / 4, (response) => response.destroy());
    const message = await failureOf((await fixture.store()).pull('two-files'));
    expect(message).toMatch(
      /^Could not fetch @scope\/models 1\.2\.3 from 127\.0\.0\.1:\d+: the connection broke/,
    );
    expect(await fixture.contents()).toEqual(['two-files']);
    expect(tarballRequests()).toBe(2);
  });

  it('tries again by itself after a connection broke, and says so', async () => {
    answerPartly(fixture.tarball.length / 4, (response) => {
      fixture.answers.set(tarballPath, fixture.tarball);
      response.destroy();
    });
    const notes: string[] = [];
    let totalBytes = 0;
    let doneBytes = 0;
    const store = await fixture.store();
    await store.pull('two-files', {
      progress: {
        start: (_, bytes) => {
          totalBytes = bytes;
        },
        expect: () => undefined,
        advance: (bytes) => {
          doneBytes += bytes;
        },
        note: (sentence) => notes.push(sentence),
        finish: () => undefined,
      },
    });
    expect(notes).toEqual([expect.stringContaining('the connection broke')]);
    expect(notes[0]).toContain('Trying again in 1 s (1 of 1).');
    expect(doneBytes).toBe(totalBytes);
    expect(await store.verify('two-files')).toEqual([]);
  });

  it('keeps a complete file and no part of the other when the archive is cut', async () => {
    const cut = fixture.tarball.subarray(0, fixture.tarball.length - 100_000);
    fixture.answers.set(tarballPath, Buffer.from(cut));
    const store = await fixture.store();
    expect(await failureOf(store.pull('two-files'))).toContain('arrived damaged');
    const kept = await fixture.contents();
    expect(kept).toHaveLength(2);
    const [, name] = kept;
    expect(name).toMatch(/two-files\/(encoder|decoder)\.onnx/);
    const problems = await store.verify('two-files');
    expect(problems.map(({ kind }) => kind)).toEqual(['missing']);
  });

  it('never shows a half-written file, wherever the archive is cut', async () => {
    const store = await fixture.store({ env: { npm_config_fetch_retries: '0' } });
    await fc.assert(
      fc.asyncProperty(fc.nat(fixture.tarball.length - 1), async (bytes) => {
        await rm(fixture.directory, { recursive: true, force: true });
        fixture.answers.set(tarballPath, Buffer.from(fixture.tarball.subarray(0, bytes)));
        await store.pull('two-files').catch((error: unknown) => expect(error).toBeInstanceOf(Failure));
        const problems = await store.verify('two-files');
        expect(problems.every(({ kind }) => kind === 'missing')).toBe(true);
        expect((await fixture.contents()).filter((name) => name.startsWith('.'))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('stops at once when aborted in the middle of a transfer, with the reason given', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    answerPartly(1000, () => abort.abort(reason));
    const store = await fixture.store();
    await expect(store.pull('two-files', { signal: abort.signal })).rejects.toBe(reason);
    expect(await fixture.contents()).toEqual(['two-files']);
    expect(tarballRequests()).toBe(1);
  });

  it('stops at once when aborted while it waits to try again', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    answerPartly(1000, (response) => response.destroy());
    const store = await fixture.store({
      env: { npm_config_fetch_retry_mintimeout: '3600000', npm_config_fetch_retry_maxtimeout: '3600000' },
    });
    const progress = {
      start: () => undefined,
      expect: () => undefined,
      advance: () => undefined,
      note: () => abort.abort(reason),
      finish: () => undefined,
    };
    await expect(store.pull('two-files', { signal: abort.signal, progress })).rejects.toBe(reason);
  });

  it('fetches nothing when the signal is already aborted', async () => {
    const reason = new Error('enough');
    const store = await fixture.store();
    await expect(store.pull('two-files', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(fixture.registry.seen).toEqual([]);
  });

  it('turns a registry that cannot be reached into a sentence', async () => {
    fixture.registry.server.close();
    await once(fixture.registry.server, 'close');
    const message = await failureOf((await fixture.store()).pull('two-files'));
    expect(message).toContain('the connection was refused');
    expect(message).toContain('npm config list');
  });

  it('says what to do when the models directory is a file', async () => {
    await writeFile(fixture.directory, '');
    const message = await failureOf((await fixture.store()).pull('two-files'));
    expect(message).toContain('something else is in the way');
  });
});

describe('IncomingFile', () => {
  it('writes nothing of a chunk that would make it too large', async () => {
    const path = join(fixture.folder, 'incoming');
    const expected = fixture.model.files[0]!;
    const incoming = await IncomingFile.create(expected, path, 'a mirror');
    await incoming.write(fixture.encoder.subarray(0, 1000));
    await expect(incoming.write(fixture.encoder)).rejects.toThrow('is larger than the 200000 bytes');
    expect((await stat(path)).size).toBe(1000);
    await incoming.discard();
  });
});
