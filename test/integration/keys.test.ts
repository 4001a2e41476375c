import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL } from '../../client-sdk/protocol.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, runRoundtable, startRoundtable } from '../support/running-server.ts';
import { expectFatal } from './speech.ts';

const KEY = 'acme-0123456789.abc';
const HASHED_KEY = 'hashed-0123456789~x';
const LATER_KEY = 'later-0123456789-yz';

let server: RunningServer;
let folder: string;
let file: string;

function writeKeys(...keys: object[]): Promise<void> {
  return writeFile(file, JSON.stringify({ keys }));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundtable-keys-'));
  file = join(folder, 'keys.json');
  await writeKeys(
    { name: 'Northwind', key: KEY },
    { name: 'Contoso', sha256: createHash('sha256').update(HASHED_KEY).digest('hex'), class: 'low' },
  );
  server = await startRoundtable(['--keys-file', file]);
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

describe.each(['/v1/stream', '/v1/meetings/m/captions'])('A WebSocket to %s', (path) => {
  it.each([undefined, 'wrong-0123456789abc', KEY.slice(1)])(
    'with the key %s is unauthorized',
    async (key) => {
      await expectFatal(
        await RawClient.connect(`${server.socketUrl}${path}`, undefined, key),
        'unauthorized',
      );
    },
  );

  it.each([KEY, HASHED_KEY])('with the key %s is let in', async (key) => {
    const client = await RawClient.connect(`${server.socketUrl}${path}`, undefined, key);
    if (path === '/v1/stream') await client.start();
    else await client.next('watching');
    client.close();
    expect(client.all('error')).toEqual([]);
  });

  it.each([
    [[JSON_SUBPROTOCOL, `roundtable.key.${KEY}`], JSON_SUBPROTOCOL],
    [[`roundtable.key.${HASHED_KEY}`, MSGPACK_SUBPROTOCOL], MSGPACK_SUBPROTOCOL],
  ])('with its key among the subprotocols is answered with the other one', async (subprotocols, chosen) => {
    const socket = new WebSocket(`${server.socketUrl}${path}`, subprotocols);
    const ended = once(socket, 'close');
    await once(socket, 'open');
    expect(socket.protocol).toBe(chosen);
    socket.close(1000);
    expect((await ended)[0]).toBe(1000);
  });
});

describe('The server', () => {
  it('tells nobody keys or their names, neither in its log nor in its metrics', async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    for (const text of [metrics, server.log.join('\n')]) {
      for (const secret of [KEY, HASHED_KEY, 'Northwind', 'Contoso', 'wrong-0123456789abc'])
        expect(text).not.toContain(secret);
    }
    expect(metrics).toMatch(/^roundtable_errors_total\{code="unauthorized"\} [1-9]/m);
  });

  it('reads the file again when told to, and keeps its keys when the file is wrong', async () => {
    await writeFile(file, `{"keys": [{"name": "Northwind", "key": "${LATER_KEY}", "class": "best"}]}`);
    await reload('the keys stay as they were');
    const client = await RawClient.connect(`${server.socketUrl}/v1/stream`, undefined, KEY);
    await client.start();
    await writeKeys({ name: 'Northwind', key: LATER_KEY });
    await reload('the keys file was read again');
    await expectFatal(
      await RawClient.connect(`${server.socketUrl}/v1/stream`, undefined, KEY),
      'unauthorized',
    );
    const later = await RawClient.connect(`${server.socketUrl}/v1/stream`, undefined, LATER_KEY);
    await later.start();
    // Who is in stays.
    await client.passMarker(1);
    for (const secret of [LATER_KEY, 'Northwind']) expect(server.log.join('\n')).not.toContain(secret);
    client.close();
    later.close();
  });

  it('does not start with a keys file that is wrong, and says which entry and field', async () => {
    const wrong = join(folder, 'wrong.json');
    await writeFile(wrong, JSON.stringify({ keys: [{ name: 'Northwind', key: KEY, maxViewers: 0 }] }));
    const { code, stderr } = await runRoundtable(['serve', '--port', '0', '--keys-file', wrong]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `roundtable: The keys file ${wrong} is wrong in key 1 of the list: maxViewers has to be a whole number from 1 to 1000000.\n`,
    );
  });
});

/** Sends SIGHUP and waits for the log to say what came of it. */
async function reload(outcome: string): Promise<void> {
  server.process.kill('SIGHUP');
  while (!server.log.some((line) => line.includes(outcome))) await once(server.process.stderr!, 'data');
}
