import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RouteRequest } from '../server/net/http.ts';
import { StaticFiles } from '../server/net/static-files.ts';

let folder: string;
let files: StaticFiles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'static-'));
  await writeFile(join(folder, 'secret.txt'), 'not for the web');
  const web = join(folder, 'web');
  await mkdir(join(web, 'assets'), { recursive: true });
  await writeFile(join(web, 'index.html'), '<!doctype html>');
  await writeFile(join(web, 'assets', 'host-5XK2QJ7A.js'), 'export {};');
  await writeFile(join(web, 'assets', 'apple-touchicon.png'), new Uint8Array([1, 2, 3]));
  files = (await StaticFiles.load(web))!;
});

afterAll(() => rm(folder, { recursive: true }));

function ask(name: string, knownTag = '') {
  const headers = { 'if-none-match': knownTag } as RouteRequest['headers'];

  return files.answer(name, { headers });
}

describe('Static files', () => {
  test('come with the type of their content', () => {
    expect(ask('index.html')).toMatchObject({ status: '200 OK', contentType: 'text/html; charset=utf-8' });
    expect(ask('assets/host-5XK2QJ7A.js').contentType).toBe('text/javascript; charset=utf-8');
    expect(ask('assets/apple-touchicon.png').body).toEqual(Buffer.from([1, 2, 3]));
  });

  test('are kept for a year where the name has a hash, and asked for again where it has none', () => {
    expect(ask('assets/host-5XK2QJ7A.js').cacheControl).toBe('public, max-age=31536000, immutable');
    expect(ask('index.html').cacheControl).toBe('no-cache');
    expect(ask('assets/apple-touchicon.png').cacheControl).toBe('no-cache');
  });

  test('are not sent again to those who have them', () => {
    const { etag } = ask('index.html').headers!;
    expect(ask('index.html', etag)).toMatchObject({ status: '304 Not Modified', body: '' });
    expect(ask('index.html', '"other"').status).toBe('200 OK');
  });

  test.each([
    '../secret.txt',
    'assets/../../secret.txt',
    '/etc/passwd',
    'assets',
    '',
    '__proto__',
    'toString',
  ])('are none at %s', (name) => {
    expect(ask(name).status).toBe('404 Not Found');
  });

  test('may be missing altogether', async () => {
    expect(await StaticFiles.load(join(folder, 'nowhere'))).toBeNull();
  });
});
