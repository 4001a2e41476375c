import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { addressOf, readCallbackUrl } from '../server/jobs/callback-address.ts';
import { deliveryWaitMs, MAX_DELIVERIES } from '../server/jobs/callback-rules.ts';
import { callbackSecret } from '../server/jobs/callback-secret.ts';
import { signature } from '../server/jobs/callback-signature.ts';
import { isPrivateAddress } from '../server/jobs/private-address.ts';
import { sendCallback } from '../server/jobs/send-callback.ts';
import { startCallbackServer } from './support/callback-server.ts';
import { ManualClock } from './support/manual-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'roundtable-callbacks-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SECRET = 'a secret of some length';
const never = new AbortController().signal;

/** A server that says so much to each request, and no more. */
async function startCurtServer(answer: string) {
  const server = createServer();
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      if (answer !== '') socket.write(answer);
      server.emit('asked');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    asked: once(server, 'asked'),
    close: () => server.close(),
  };
}

describe('A callback', () => {
  test('is signed over its time and its body', async () => {
    const server = await startCallbackServer();
    const settings = { secret: SECRET, allowsPrivate: true };
    await sendCallback(new URL(server.url), '{"type":"job"}', settings, new ManualClock(), never);
    const [{ headers, body }] = server.arrived as [(typeof server.arrived)[0]];
    expect(body).toBe('{"type":"job"}');
    expect(headers['content-type']).toBe('application/json');
    const digest = createHmac('sha256', SECRET).update(`1767225600.${body}`).digest('hex');
    expect(headers['roundtable-signature']).toBe(`t=1767225600,v1=${digest}`);
    server.close();
  });

  test('has failed when it is answered with anything but success, and follows no redirection', async () => {
    for (const status of [302, 404, 500]) {
      const server = await startCallbackServer(() => status);
      const settings = { secret: SECRET, allowsPrivate: true };
      await expect(
        sendCallback(new URL(server.url), '{}', settings, new ManualClock(), never),
      ).rejects.toThrow(`${status}`);
      expect(server.arrived).toHaveLength(1);
      server.close();
    }
  });

  test('goes to the address that was looked at, whatever its name means later', async () => {
    const server = await startCallbackServer();
    let asked = 0;
    const resolve = async () => [{ address: ++asked === 1 ? '127.0.0.1' : '192.0.2.1', family: 4 }];
    const url = new URL(server.url.replace('127.0.0.1', 'callbacks.invalid'));
    await sendCallback(url, '{}', { secret: SECRET, allowsPrivate: true, resolve }, new ManualClock(), never);
    expect(server.arrived[0]!.headers.host).toBe(url.host);
    expect(asked).toBe(1);
    server.close();
  });

  test('is never sent to a private address, even where its name led elsewhere before', async () => {
    const server = await startCallbackServer();
    const resolve = async () => [
      { address: '93.184.215.14', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    const url = new URL(server.url.replace('127.0.0.1', 'callbacks.invalid'));
    const settings = { secret: SECRET, allowsPrivate: false, resolve };
    await expect(sendCallback(url, '{}', settings, new ManualClock(), never)).rejects.toMatchObject({
      code: 'out-of-range',
    });
    expect(server.arrived).toHaveLength(0);
    server.close();
  });

  test.each([
    ['nothing', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-Len'],
    ['that it is being worked on', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ])('is given up after a while when it is answered with %s', async (_, answer) => {
    const server = await startCurtServer(answer);
    const clock = new ManualClock();
    const settings = { secret: SECRET, allowsPrivate: true };
    const failure = sendCallback(server.url, '{}', settings, clock, never).catch((error: unknown) => error);
    await server.asked;
    clock.advance(15_000);
    expect(await failure).toMatchObject({ name: 'AbortError' });
    expect(clock.pendingTimers).toBe(0);
    server.close();
  });

  test('has failed when it is answered with another protocol', async () => {
    const server = await startCurtServer(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n',
    );
    const settings = { secret: SECRET, allowsPrivate: true };
    await expect(sendCallback(server.url, '{}', settings, new ManualClock(), never)).rejects.toThrow(
      'not answered with a status',
    );
    server.close();
  });

  test('is given up when its server stops, and leaves no timer behind', async () => {
    const server = await startCurtServer('');
    const clock = new ManualClock();
    const stop = new AbortController();
    const settings = { secret: SECRET, allowsPrivate: true };
    const failure = sendCallback(server.url, '{}', settings, clock, stop.signal).catch(
      (error: unknown) => error,
    );
    await server.asked;
    stop.abort();
    expect(await failure).toMatchObject({ name: 'AbortError' });
    expect(clock.pendingTimers).toBe(0);
    server.close();
  });

  test('is tried for some minutes, and not for ever', () => {
    const waits = Array.from({ length: MAX_DELIVERIES - 1 }, (_, i) => deliveryWaitMs(i + 1));
    expect(waits[0]).toBe(5000);
    const allMs = waits.reduce((sum, ms) => sum + ms, 0);
    expect(allMs).toBeGreaterThan(600_000);
    expect(allMs).toBeLessThan(3_600_000);
  });
});

describe("A callback's address", () => {
  test.each([
    ['no address', 'soon'],
    ['of a file', 'file:///etc/passwd'],
    ['with a password', 'https://me:secret@example.org/'],
    ['too long', `https://example.org/${'x'.repeat(3000)}`],
  ])('that is %s is refused', (_, text) => {
    expect(() => readCallbackUrl(text)).toThrow('callback has to be');
  });

  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.1.2.3/',
    'http://192.168.0.1/',
    'http://0.0.0.0/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
    'http://[64:ff9b::a00:1]/',
    'http://[2002:a00:1::]/',
    'http://localhost/',
  ])('of this machine or a private network is refused: %s', async (text) => {
    await expect(addressOf(readCallbackUrl(text), false)).rejects.toThrow('--allow-private-callbacks');
  });

  test('that is not known is refused', async () => {
    const resolve = () => Promise.reject(new Error('ENOTFOUND'));
    await expect(addressOf(readCallbackUrl('https://nowhere.invalid/'), true, resolve)).rejects.toThrow(
      'not known',
    );
  });

  test('of everybody is taken', async () => {
    for (const address of ['8.8.8.8', '93.184.215.14', '2606:2800:21f:cb07::1'])
      expect(isPrivateAddress(address)).toBe(false);
    const resolve = async () => [{ address: '2606:2800:21f:cb07::1', family: 6 }];
    expect(await addressOf(readCallbackUrl('https://example.org/done'), false, resolve)).toEqual({
      ...{ address: '2606:2800:21f:cb07::1', family: 6 },
    });
  });
});

describe('The secret for callbacks', () => {
  test('is made once in the data folder, for nobody else to read', async () => {
    const first = await callbackSecret('none', folder);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await callbackSecret('none', folder)).toBe(first);
    expect(statSync(join(folder, 'callback-secret')).mode & 0o077).toBe(0);
  });

  test('is what a file says', async () => {
    const file = join(folder, 'mine');
    writeFileSync(file, ` ${SECRET}\n`);
    expect(await callbackSecret(file, 'none')).toBe(SECRET);
    writeFileSync(file, 'short');
    await expect(callbackSecret(file, 'none')).rejects.toThrow('shorter than 16 characters');
    await expect(callbackSecret(join(folder, 'missing'), 'none')).rejects.toThrow('cannot be read');
  });

  test('is none without a file and a folder', async () => {
    expect(await callbackSecret('none', 'none')).toBeNull();
  });

  test('makes other signatures for other times and bodies', () => {
    const made = [signature(SECRET, 1, '{}'), signature(SECRET, 2, '{}'), signature(SECRET, 1, '{ }')];
    expect(new Set(made.map((each) => each.split('v1=')[1])).size).toBe(3);
  });
});
