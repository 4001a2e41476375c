import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiKeys } from '../server/admission/api-keys.ts';
import { readConfig } from '../server/config/config.ts';
import { HttpGuard } from '../server/net/http-guard.ts';
import { Listener, type Session } from '../server/net/listener.ts';
import { readMaskFile } from '../server/text/mask-file.ts';
import { Vocabularies } from '../server/text/vocabularies.ts';
import { vocabularyRoutes } from '../server/text/vocabulary-routes.ts';
import { ManualClock } from './support/manual-clock.ts';

const KEY = 'a-key-of-sixteen-or-more';

let folder: string;
let close = () => {};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundtable-'));
});

afterEach(async () => {
  close();
  await rm(folder, { recursive: true });
});

async function serve() {
  const keysFile = join(folder, 'keys.json');
  await writeFile(keysFile, JSON.stringify({ keys: [{ name: 'a', key: KEY }] }));
  const keys = await ApiKeys.load(keysFile);
  const guard = new HttpGuard(keys, 'self');
  const vocabularies = new Vocabularies(new ManualClock());
  const { gets, puts, deletes } = vocabularyRoutes({ guard, vocabularies, config: { maxHotWords: 3 } });
  const refuse = (): Session => {
    throw new Error('There are no sessions here.');
  };
  const listener = await Listener.create(
    readConfig({ port: '0', host: '127.0.0.1' }),
    keys,
    { speaker: refuse, viewer: refuse, error: () => {}, partialDropped: () => {} },
    {
      ...{ routes: gets, puts, deletes, posts: {} },
      ...{ preflight: guard.preflight, mount: () => {}, ports: [] },
    },
  );
  const port = listener.listen();
  close = () => listener.close();
  const ask = async (method: string, meeting: string, body?: unknown, key = KEY) => {
    const response = await fetch(
      `http://127.0.0.1:${port}/v1/meetings/${encodeURIComponent(meeting)}/vocabulary`,
      {
        method,
        headers: { authorization: `Bearer ${key}` },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      },
    );
    const code = response.headers.get('roundtable-error');
    const text = await response.text();

    return { status: response.status, code, text };
  };

  return { ask, vocabularies };
}

describe('A vocabulary over HTTP', () => {
  test('is put, read and deleted', async () => {
    const { ask, vocabularies } = await serve();
    const body = { hotWords: ['Ada', { text: 'Grace Hopper', weight: 2 }], mask: ['darn'] };
    expect((await ask('PUT', 'stand-up / élan', body)).status).toBe(204);
    const kept = {
      hotWords: [
        { text: 'Ada', weight: 1 },
        { text: 'Grace Hopper', weight: 2 },
      ],
      mask: ['darn'],
    };
    expect(vocabularies.get('stand-up / élan')).toEqual(kept);
    expect(JSON.parse((await ask('GET', 'stand-up / élan')).text)).toEqual(kept);
    expect((await ask('DELETE', 'stand-up / élan')).status).toBe(204);
    expect(JSON.parse((await ask('GET', 'stand-up / élan')).text)).toEqual({ hotWords: [], mask: [] });
  });

  test.each<readonly [unknown, number, string]>([
    ['no JSON', 400, 'bad-message'],
    [[], 400, 'bad-message'],
    [{ hotwords: ['a'] }, 422, 'out-of-range'],
    [{ hotWords: 'a' }, 400, 'bad-message'],
    [{ hotWords: new Array(10_000).fill('a') }, 422, 'out-of-range'],
    [{ mask: [''] }, 422, 'out-of-range'],
    [{ mask: ['x'.repeat(70_000)] }, 413, 'message-too-large'],
  ])('is refused as %j', async (body, status, code) => {
    const { ask, vocabularies } = await serve();
    expect(await ask('PUT', 'm', body)).toMatchObject({ status, code });
    expect(vocabularies.get('m').hotWords).toEqual([]);
  });

  test('needs a key, as all of a meeting does', async () => {
    const { ask } = await serve();
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect(await ask(method, 'm', undefined, 'another')).toMatchObject({
        status: 401,
        code: 'unauthorized',
      });
  });
});

describe("The operator's list of masked words", () => {
  test('has a word in each line, and remarks', async () => {
    const path = join(folder, 'words');
    await writeFile(path, '# what we do not say\n\ndarn\r\n  blast it \n笨蛋');
    const { list, hash } = await readMaskFile(path);
    expect(list.edits('Darn, blast it')).toHaveLength(2);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect((await readMaskFile('none')).hash).toBeNull();
  });

  test('is told of by its line where it is wrong, and never quoted', async () => {
    const path = join(folder, 'words');
    await expect(readMaskFile(path)).rejects.toThrow(/cannot be read \(ENOENT\)/);
    await writeFile(path, `fine\n${'secret'.repeat(20)}\n`);
    await expect(readMaskFile(path)).rejects.toThrow(/is wrong: .*line 2 has to be/);
    await expect(readMaskFile(path)).rejects.not.toThrow(/secret/);
  });
});
