import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type * as files from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fetchRecording, mayFetch } from '../server/jobs/fetch-recording.ts';

/** What happens as a file has just been closed. */
const file = vi.hoisted(() => ({ onClosed: () => {} }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof files>();
  const open: typeof real.open = async (...args) => {
    const handle = await real.open(...args);
    const close = handle.close;
    handle.close = async () => {
      await close();
      file.onClosed();
    };

    return handle;
  };

  return { ...real, open };
});

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

  test('is written to a file of its own by each attempt, one that was given up among them', async () => {
    const pending: ServerResponse[] = [];
    const slow = createServer((_, response) => {
      response.write('RIFF');
      pending.push(response);
    });
    slow.listen(0, '127.0.0.1');
    await once(slow, 'listening');
    const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/talk`;
    const path = join(folder, 'twice');
    const signal = new AbortController().signal;
    const attempt = async () => {
      let done = Promise.resolve();
      await new Promise<void>((resolve) => {
        done = fetchRecording({ ...{ url, path, signal }, maxBytes: 1000, onAlive: resolve });
      });

      return { done };
    };
    const [first, second] = [await attempt(), await attempt()];
    expect(readdirSync(folder).filter((name) => /^twice\.[0-9a-f]{16}\.part$/.test(name))).toHaveLength(2);
    for (const response of pending) response.end(' and so on');
    await Promise.all([first.done, second.done]);
    expect(readFileSync(path, 'utf8')).toBe('RIFF and so on');
    expect(readdirSync(folder).filter((name) => name.startsWith('twice'))).toEqual(['twice']);
    slow.close();
  });

  test('is left nowhere when it is given up at the very end', async () => {
    const stop = new AbortController();
    file.onClosed = () => stop.abort(new Error('Nobody wants it any more.'));
    const fetching = fetchRecording({
      ...{ url: `${origin}/200`, path: join(folder, 'unwanted'), maxBytes: 1000 },
      ...{ signal: stop.signal, onAlive: () => {} },
    });
    await expect(fetching).rejects.toThrow('Nobody wants it any more.');
    expect(readdirSync(folder).filter((name) => name.startsWith('unwanted'))).toEqual([]);
    file.onClosed = () => {};
  });

  test('keeps no connection to a host that never ends its refusal', async () => {
    const endless = createServer((_, response) => {
      response.writeHead(404);
      response.write('Not');
      response.on('close', () => endless.emit('left'));
    });
    endless.listen(0, '127.0.0.1');
    await once(endless, 'listening');
    const left = once(endless, 'left');
    // At once, and not when the memory of the answer is collected.
    const cancelled = vi.spyOn(ReadableStream.prototype, 'cancel');
    const fetching = fetchRecording({
      url: `http://127.0.0.1:${(endless.address() as AddressInfo).port}/`,
      ...{ path: join(folder, 'refused'), maxBytes: 1000 },
      ...{ signal: new AbortController().signal, onAlive: () => {} },
    });
    await expect(fetching).rejects.toMatchObject({ code: 'bad-recording' });
    expect(cancelled).toHaveBeenCalledOnce();
    cancelled.mockRestore();
    await left;
    endless.close();
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
