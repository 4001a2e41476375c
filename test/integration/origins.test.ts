import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';

let server: RunningServer;

beforeAll(async () => {
  server = await startRoundtable(['--allowed-origins', 'self,https://captions.example']);
});

afterAll(() => server.stop());

/** The HTTP status a page of `origin` is answered when it opens a WebSocket: 101 when it is let in. */
async function statusFor(path: string, origin: string | undefined): Promise<number | undefined> {
  const socket = new WebSocket(`${server.socketUrl}${path}`, origin === undefined ? {} : { origin });
  socket.on('error', () => {});
  const upgraded = once(socket, 'upgrade').then(([response]) => response as IncomingMessage);
  const refused = once(socket, 'unexpected-response').then(([, response]) => response as IncomingMessage);
  const { statusCode } = await Promise.race([upgraded, refused]);
  socket.terminate();

  return statusCode;
}

describe.each(['/v1/stream', '/v1/meetings/standup/captions'])('A WebSocket to %s', (path) => {
  it.each([undefined, 'https://captions.example'])('may be opened from %s', async (origin) => {
    expect(await statusFor(path, origin)).toBe(101);
  });

  it("may be opened from a page of the server's own", async () => {
    expect(await statusFor(path, server.url)).toBe(101);
  });

  it.each(['https://evil.example', 'null', 'http://127.0.0.1'])(
    'may not be opened from %s',
    async (origin) => {
      expect(await statusFor(path, origin)).toBe(403);
    },
  );
});

describe('HEAD', () => {
  it.each([
    ['/readyz', 200],
    ['/healthz', 200],
    ['/nothing', 404],
  ])('of %s is answered %i without a body', async (path, status) => {
    const response = await fetch(`${server.url}${path}`, { method: 'HEAD' });
    expect(response.status).toBe(status);
    expect(await response.text()).toBe('');
  });
});
