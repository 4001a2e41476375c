import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANYONE, ApiKeys } from '../server/admission/api-keys.ts';
import { presentedKey } from '../server/admission/credentials.ts';
import { Failure } from '../server/failure.ts';

const KEY = 'correct-horse.battery~staple_1';
const HASH = createHash('sha256').update(KEY).digest('hex');
const OTHER = 'another-key-of-some-length';

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
  path = join(folder, 'keys.json');
});

afterAll(() => rm(folder, { recursive: true }));

async function load(content: unknown): Promise<ApiKeys> {
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));

  return ApiKeys.load(path);
}

async function faultOf(content: unknown): Promise<string> {
  const error = await load(content).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Failure);

  return (error as Failure).message;
}

describe('ApiKeys', () => {
  it('let everyone in where no file is named', async () => {
    const keys = await ApiKeys.load('none');
    expect(keys.identify(null)).toBe(ANYONE);
    expect(keys.identify(KEY)).toBe(ANYONE);
  });

  it('know a key by itself and by its hash', async () => {
    for (const entry of [{ key: KEY }, { sha256: HASH }, { sha256: HASH.toUpperCase() }]) {
      const keys = await load({
        keys: [
          { name: 'first', key: OTHER },
          { name: 'acme', ...entry },
        ],
      });
      expect(keys.identify(KEY)).toMatchObject({ name: 'acme', weight: 1, limits: {} });
      expect(keys.identify(OTHER)).toMatchObject({ name: 'first' });
    }
  });

  it('know no other key', async () => {
    const keys = await load({ keys: [{ name: 'acme', key: KEY }] });
    for (const wrong of [
      null,
      '',
      KEY.slice(1),
      `${KEY} `,
      KEY.toUpperCase(),
      HASH,
      OTHER,
      'x'.repeat(100_000),
    ])
      expect(keys.identify(wrong)).toBeNull();
  });

  it.each([
    ['high', 4],
    ['standard', 1],
    ['low', 0.25],
  ])('weigh the class %s %d', async (name, weight) => {
    const keys = await load({ keys: [{ name: 'acme', key: KEY, class: name }] });
    expect(keys.identify(KEY)!.weight).toBe(weight);
  });

  it("hold a key's own limits", async () => {
    const limits = { maxStreams: 2, maxViewers: 3, maxBufferedMs: 40_000, maxBytesPerSecond: 64_000 };
    const keys = await load({ keys: [{ name: 'acme', key: KEY, ...limits }] });
    expect(keys.identify(KEY)!.limits).toEqual(limits);
  });

  it('are replaced when the file is read again, and stay when it is wrong', async () => {
    const keys = await load({ keys: [{ name: 'acme', key: KEY }] });
    await writeFile(path, JSON.stringify({ keys: [{ name: 'acme', key: OTHER }] }));
    expect(await keys.reload()).toBe(1);
    expect(keys.identify(KEY)).toBeNull();
    await writeFile(path, '{"keys": []}');
    await expect(keys.reload()).rejects.toBeInstanceOf(Failure);
    expect(keys.identify(OTHER)).not.toBeNull();
  });
});

describe('A keys file', () => {
  const good = { name: 'acme', key: KEY };

  it.each([
    ['name', { key: KEY }],
    ['name', { ...good, name: ' ' }],
    ['either key or sha256', { name: 'acme' }],
    ['either key or sha256', { ...good, sha256: HASH }],
    ['key has to be', { ...good, key: 'too-short' }],
    ['key has to be', { ...good, key: 'with blanks in it, long enough' }],
    ['key has to be', { ...good, key: 12_345 }],
    ['sha256', { name: 'acme', sha256: HASH.slice(1) }],
    ['sha256', { name: 'acme', sha256: KEY }],
    ['class', { ...good, class: 'toString' }],
    ['class has to be high, standard, low', { ...good, class: 'urgent' }],
    ['maxStreams has to be a whole number from 1 to 100000', { ...good, maxStreams: 0 }],
    ['maxStreams', { ...good, maxStreams: '5' }],
    ['maxViewers', { ...good, maxViewers: 1.5 }],
    ['from 35000 to 360000000 ms', { ...good, maxBufferedMs: 34_999 }],
    ['maxBytesPerSecond', { ...good, maxBytesPerSecond: 1e11 }],
    ['field number 3 is none of name, key', { ...good, maxstreams: 5 }],
    ['field number 1 is none of name, key', { [OTHER]: 'a key for a name', ...good }],
    ['object', 'acme'],
    ['object', null],
  ])('with a wrong entry is refused with its number and the field: %s', async (field, entry) => {
    const fault = await faultOf({ keys: [{ name: 'first', key: OTHER }, entry] });
    expect(fault).toContain(`${path} is wrong in key 2 of the list: `);
    expect(fault).toContain(field);
    for (const secret of [KEY, HASH, OTHER, 'acme', 'first']) expect(fault).not.toContain(secret);
  });

  it.each([
    ['is not valid JSON', `{"keys":[{"name":"acme","key":${KEY}}]}`],
    ['list of 1 to 1000 keys', '[]'],
    ['list of 1 to 1000 keys', '{}'],
    ['list of 1 to 1000 keys', { keys: [] }],
    ['list of 1 to 1000 keys', { keys: { [KEY]: good } }],
    ['the same name in keys 1 and 2', { keys: [good, { ...good, key: OTHER }] }],
    [
      'the same key in keys 1 and 3',
      { keys: [good, { name: 'b', key: OTHER }, { name: 'c', sha256: HASH }] },
    ],
  ])('that is wrong as a whole is refused: %s', async (what, content) => {
    const fault = await faultOf(content);
    expect(fault).toContain(path);
    expect(fault).toContain(what);
    for (const secret of [KEY, HASH, OTHER, 'acme']) expect(fault).not.toContain(secret);
  });

  it('that is not there is refused', async () => {
    await expect(ApiKeys.load(join(folder, 'nothing.json'))).rejects.toThrow('cannot be read (ENOENT)');
  });
});

describe('Credentials', () => {
  it.each([
    ['', '', null],
    ['Bearer abc', '', 'abc'],
    ['bearer   abc ', 'roundtable.key.other', 'abc'],
    ['Basic abc', 'roundtable.v1.json, roundtable.key.abc', 'abc'],
    ['', 'roundtable.key.a.b', 'a.b'],
    ['', 'roundtable.v1.json', null],
    ['Bearer', '', null],
    ['Bearer a b', '', null],
  ])('of %j and %j are %j', (authorization, subprotocols, key) => {
    expect(presentedKey(authorization, subprotocols)).toBe(key);
  });
});
