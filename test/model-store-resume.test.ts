import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../server/failure.ts';
import {
  type ClaimOptions,
  claimPart,
  KEPT_FOR_MS,
  type PartFolder,
  removeOldParts,
  SILENCE_MS,
} from '../server/model-store/part-folder.ts';
import { breakingAt, type Fixture, failureOf, noting, openFixture } from './model-store.fixture.ts';
import { type Answer, describeFile, describeModel, noise, serve, sha256 } from './model-store.origin.ts';

const content = noise(400_000, 11);
const path = '/big.onnx';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(async () => {
  await fixture.close();
});

const store = (expected = content, env: NodeJS.ProcessEnv = {}) =>
  fixture.store({
    catalogue: [
      describeModel('big', [
        describeFile('big.onnx', expected, {
          kind: 'https',
          url: new URL(path, fixture.registry.url).href,
        }),
      ]),
    ],
    env,
  });

/** One attempt and no retry. */
const once = { npm_config_fetch_retries: '0' };

const ranges = () => fixture.registry.seen.map(({ range }) => range);

/** Serves the content and breaks the answers at these places, one each; those after them are whole. */
function breaking(places: readonly number[], serving: Parameters<typeof serve>[1] = {}): void {
  const left = [...places];
  fixture.answers.set(
    path,
    serve(content, { etag: '"1"', ...serving, breakAfter: () => left.shift() ?? null }),
  );
}

/** The folder of the unfinished download. */
async function part(): Promise<string> {
  const names = (await readdir(fixture.directory)).filter((name) => name.startsWith('.download-'));
  expect(names).toHaveLength(1);
  return join(fixture.directory, names[0]!);
}

/** A pull that breaks once so many bytes are there; from then on all is well. */
async function leavePart(bytes: number): Promise<void> {
  fixture.answers.set(path, serve(content, { etag: '"1"', holdAfter: bytes }));
  const progress = breakingAt(bytes, fixture.registry);
  await failureOf((await store(content, once)).pull('big', { progress }));
  fixture.registry.seen.length = 0;
  breaking([]);
}

async function expectWhole(): Promise<void> {
  expect(sha256(await readFile(join(fixture.directory, 'big/big.onnx')))).toBe(sha256(content));
  expect(await fixture.contents()).toEqual(['big', 'big/big.onnx']);
}

describe('A download that broke', () => {
  it('goes on by itself where it was, and asks for no more than the rest', async () => {
    const whole = serve(content, { etag: '"1"' });
    fixture.answers.set(path, (response, request) => {
      fixture.answers.set(path, whole);
      (serve(content, { etag: '"1"', holdAfter: 100_000 }) as Exclude<Answer, Buffer>)(response, request);
    });
    const progress = breakingAt(100_000, fixture.registry);
    await (await store()).pull('big', { progress });
    expect(fixture.registry.seen).toMatchObject([{}, { range: 'bytes=100000-', ifRange: '"1"' }]);
    expect(progress.doneBytes).toBe(content.length);
    expect(progress.notes).toEqual([expect.stringContaining('the connection broke')]);
    await expectWhole();
  });

  it('is gone on with by the next pull, and how much is there can be seen', async () => {
    await leavePart(100_000);
    expect(await (await store()).list()).toMatchObject([
      { state: 'incomplete', totalBytes: content.length, hereBytes: 100_000 },
    ]);
    const progress = noting();
    await (await store()).pull('big', { progress });
    expect(ranges()).toEqual(['bytes=100000-']);
    expect(progress.doneBytes).toBe(progress.totalBytes);
    await expectWhole();
  });

  it('ends whole or absent, wherever it breaks and however often', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(content.length), { maxLength: 6 }),
        fc.record({ ranges: fc.boolean(), chunked: fc.boolean(), etag: fc.constantFrom('"1"', 'W/"1"') }),
        async (places, serving) => {
          await rm(fixture.directory, { recursive: true, force: true });
          breaking(places, serving);
          for (let pulls = 0; pulls <= places.length; pulls++) {
            const pulled = await (await store(content, once)).pull('big').catch((error: unknown) => error);
            const problems = await (await store()).verify('big');
            expect(problems.map(({ kind }) => kind)).toEqual(pulled instanceof Failure ? ['missing'] : []);
            if (!(pulled instanceof Failure)) return;
          }
          expect.unreachable('Each pull but the last may break.');
        },
      ),
      { numRuns: 25 },
    );
  });

  it('begins anew where the server knows no ranges', async () => {
    await leavePart(100_000);
    fixture.answers.set(path, serve(content, { ranges: false }));
    const progress = noting();
    await (await store()).pull('big', { progress });
    expect(ranges()).toEqual(['bytes=100000-']);
    expect(progress.doneBytes).toBe(content.length);
    await expectWhole();
  });

  it('begins anew when the file has another entity tag by now', async () => {
    await leavePart(100_000);
    breaking([], { etag: '"2"' });
    await (await store()).pull('big');
    expect(fixture.registry.seen).toHaveLength(1);
    await expectWhole();
  });

  it('asks for no range of a file that the catalogue has changed since', async () => {
    await leavePart(100_000);
    const other = noise(content.length, 12);
    fixture.answers.set(path, serve(other));
    await (await store(other)).pull('big');
    expect(ranges()).toEqual([undefined]);
    expect(sha256(await readFile(join(fixture.directory, 'big/big.onnx')))).toBe(sha256(other));
  });

  it('is fetched anew, once, when what was there turns out to be damaged', async () => {
    await leavePart(100_000);
    const data = join(await part(), 'data');
    const bytes = await readFile(data);
    bytes[17]! ^= 1;
    await writeFile(data, bytes);
    const progress = noting();
    await (await store(content, once)).pull('big', { progress });
    expect(ranges()).toEqual([`bytes=${bytes.length}-`, undefined]);
    expect(progress.notes).toEqual([expect.stringContaining('Fetching all of it anew')]);
    expect(progress.doneBytes).toBe(content.length);
    await expectWhole();
  });

  it('is given up, and nothing of it kept, when the bytes are wrong the second time as well', async () => {
    await leavePart(100_000);
    const forged = noise(content.length, 13);
    fixture.answers.set(path, serve(forged, { etag: '"1"' }));
    const message = await failureOf((await store(content, once)).pull('big'));
    expect(message).toContain(`expected SHA-256 ${sha256(content)}, got ${sha256(forged)}`);
    expect(ranges()).toEqual([expect.stringMatching(/^bytes=/), undefined]);
    expect(await fixture.contents()).toEqual(['big']);
  });

  it('is not fetched anew a second time, also where that broke in between', async () => {
    await leavePart(100_000);
    const places = [null, 300_000];
    const forged = noise(content.length, 13);
    fixture.answers.set(path, serve(forged, { breakAfter: () => places.shift() ?? null }));
    const retries = { npm_config_fetch_retries: '5', npm_config_fetch_retry_maxtimeout: '1' };
    await failureOf((await store(content, retries)).pull('big'));
    expect(ranges()).toHaveLength(3);
    expect(await fixture.contents()).toEqual(['big']);
  });

  it('asks nobody when all of it is there already', async () => {
    await leavePart(100_000);
    await writeFile(join(await part(), 'data'), content);
    await (await store()).pull('big');
    expect(fixture.registry.seen).toEqual([]);
    await expectWhole();
  });

  it('begins anew when more of it is there than there can be', async () => {
    await leavePart(100_000);
    await writeFile(join(await part(), 'data'), Buffer.concat([content, content]));
    await (await store()).pull('big');
    expect(ranges()).toEqual([undefined]);
    await expectWhole();
  });

  it.each([
    ['a range that was not asked for', 'bytes 5-399999/400000'],
    ['a range of another file', 'bytes 100000-499999/500000'],
    ['no word of the range', undefined],
  ])('begins anew when the server sends %s', async (_, contentRange) => {
    await leavePart(100_000);
    await writeFile(join(await part(), 'data'), content.subarray(0, 100_000));
    const whole = serve(content);
    fixture.answers.set(path, (response, request) => {
      if (request.headers.range === undefined)
        return (whole as Exclude<typeof whole, Buffer>)(response, request);
      if (contentRange !== undefined) response.setHeader('content-range', contentRange);
      return response.writeHead(206).end(content.subarray(5));
    });
    await (await store()).pull('big');
    expect(ranges()).toEqual(['bytes=100000-', undefined]);
    await expectWhole();
  });

  it('does not use up its retries while it gets on', async () => {
    const large = noise(6_000_000, 14);
    let answered = 0;
    fixture.answers.set(path, serve(large, { breakAfter: () => (++answered <= 3 ? 1_800_000 : null) }));
    expect(await (await store(large)).pull('big')).toEqual(['big.onnx']);
    expect(answered).toBe(4);
  });

  it('uses them up where it gets nowhere', async () => {
    breaking([10, 10, 10, 10, 10]);
    await failureOf((await store()).pull('big'));
    expect(ranges()).toHaveLength(2);
  });

  it('is kept when the pull is stopped', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    fixture.answers.set(path, (response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100_000));
    });
    const progress = {
      ...noting(),
      advance: (bytes: number) => {
        if (bytes > 0) abort.abort(reason);
      },
    };
    await expect((await store()).pull('big', { signal: abort.signal, progress })).rejects.toBe(reason);
    expect((await stat(join(await part(), 'data'))).size).toBeGreaterThan(0);
    breaking([]);
    fixture.registry.seen.length = 0;
    await (await store()).pull('big');
    expect(ranges()).toEqual([expect.stringMatching(/^bytes=[1-9]/)]);
    await expectWhole();
  });
});

describe('An unfinished download', () => {
  const owners = '@elsewhere.example-7-0123456789ab';

  /** Renames the folder to one of another process, last touched so long ago. */
  async function giveAway(silentMs: number): Promise<void> {
    const mine = await part();
    const theirs = mine.replace(/@.*$/, owners);
    await rename(mine, theirs);
    const at = new Date(Date.now() - silentMs);
    await utimes(theirs, at, at);
  }

  it('of a process on another host is taken over once that has been silent for a minute', async () => {
    await leavePart(100_000);
    await giveAway(SILENCE_MS + 1000);
    await (await store()).pull('big');
    expect(ranges()).toEqual([expect.stringMatching(/^bytes=/)]);
    await expectWhole();
  });

  it('of a live process is waited for, and said so', async () => {
    await leavePart(100_000);
    await giveAway(0);
    const abort = new AbortController();
    const progress = { ...noting(), note: (sentence: string) => abort.abort(new Error(sentence)) };
    await expect((await store()).pull('big', { signal: abort.signal, progress })).rejects.toThrow(
      'Another process is fetching it',
    );
    expect(fixture.registry.seen).toEqual([]);
  });

  it('is fetched once when two pulls want it at the same time', async () => {
    breaking([]);
    const [one, other] = [await store(), await store()];
    await Promise.all([one.pull('big'), other.pull('big')]);
    expect(ranges()).toEqual([undefined]);
    await expectWhole();
  });

  it('is claimed by one at a time, however late another one looks', async () => {
    await mkdir(fixture.directory, { recursive: true });
    // Names of folders are random, and do not matter, whichever comes first.
    const claimed = Array.from({ length: 12 }, async (_, index) => {
      const { signal } = new AbortController();
      const claim = (options: Pick<ClaimOptions, 'isDone' | 'onWait'>) =>
        claimPart(fixture.directory, `part-${index}`, { signal, ...options });
      let first: PartFolder | null = null;
      const second = await claim({
        // By now it has found nobody.
        isDone: async () => {
          if (first !== null) return true;
          first = await claim({ isDone: async () => false, onWait: () => undefined });
          return false;
        },
        onWait: () => void first!.discard(),
      });
      return second === null;
    });
    expect(await Promise.all(claimed)).toEqual(claimed.map(() => true));
  });

  it('is kept for a week, and not longer', async () => {
    await leavePart(100_000);
    await removeOldParts(fixture.directory, Date.now() + KEPT_FOR_MS - 60_000);
    await part();
    await removeOldParts(fixture.directory, Date.now() + KEPT_FOR_MS + 60_000);
    expect(await fixture.contents()).toEqual(['big']);
  });

  it('goes with its model', async () => {
    await leavePart(100_000);
    await (await store()).remove('big');
    expect(await fixture.contents()).toEqual([]);
  });
});
