import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchRecording, mayFetch } from '../server/jobs/fetch-recording.ts';

const folder = mkdtempSync(join(tmpdir(), 'roundtable-fetch-'));
let server: Server;
let origin: string;
let requests = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests++;
    const status = Number(/\d+/.exec(request.url!)![0]);
    response.writeHead(status, status === 302 ? { location: '/200' } : {});
    response.write('RIFF and so on');
    if (request.url!.includes('torn')) response.destroy();
    else response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function fetched(path: string, name: string, maxBytes = 1000): Promise<void> {
  return fetchRecording({
    ...{ url: origin + path, path: join(folder, name), maxBytes },
    ...{ signal: new AbortController().signal, onAlive: () => {} },
  });
}

describe('A recording that is fetched', () => {
  test('is there as a whole, and is not fetched again', async () => {
    await fetched('/200', 'whole');
    expect(readFileSync(join(folder, 'whole'), 'utf8')).toBe('RIFF and so on');
    const before = requests;
    await fetched('/200', 'whole');
    expect(requests).toBe(before);
  });

  test.each([
    ['/404', 'bad-recording'],
    ['/302', 'bad-recording'],
  ])('is none when its address is answered as %s', async (path, code) => {
    await expect(fetched(path, 'none')).rejects.toMatchObject({ code });
    expect(readdirSync(folder)).not.toContain('none');
  });

  test('may be had later after a fault of its host, or of the way there', async () => {
    await expect(fetched('/503', 'later')).rejects.toThrow('answered with 503');
    await expect(fetched('/200-torn', 'later')).rejects.not.toMatchObject({ code: 'bad-recording' });
    expect(readdirSync(folder).filter((name) => name.startsWith('later'))).toEqual([]);
  });

  test('is given up when it is too large', async () => {
    await expect(fetched('/200', 'large', 5)).rejects.toMatchObject({ code: 'upload-too-large' });
    expect(readdirSync(folder).filter((name) => name.startsWith('large'))).toEqual([]);
  });

  test('comes from hosts that are allowed, and from no others', () => {
    const hosts = 'media.example.org,cdn.example.org:8443';
    expect(mayFetch(new URL('https://media.example.org/talk.flac'), hosts)).toBe(true);
    expect(mayFetch(new URL('https://cdn.example.org:8443/talk.flac'), hosts)).toBe(true);
    expect(mayFetch(new URL('https://cdn.example.org/talk.flac'), hosts)).toBe(false);
    expect(mayFetch(new URL('https://media.example.org.evil.example/'), hosts)).toBe(false);
    expect(mayFetch(new URL('file://media.example.org/etc/passwd'), hosts)).toBe(false);
    expect(mayFetch(new URL('https://none/'), 'none')).toBe(false);
    // Nothing is fetched with them, and the error that says so has all of the address.
    expect(mayFetch(new URL('https://me@media.example.org/talk.flac'), hosts)).toBe(false);
    expect(mayFetch(new URL('https://me:secret@media.example.org/talk.flac'), hosts)).toBe(false);
  });
});
