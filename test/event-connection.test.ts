import uws, { type us_listen_socket } from 'uWebSockets.js';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EventConnection, HEARTBEAT_MS } from '../server/net/event-connection.ts';
import { readRequest, respond } from '../server/net/http.ts';
import type { ResponseBody } from '../server/net/response-body.ts';
import { finalAt } from './support/finals.ts';
import { ManualClock } from './support/manual-clock.ts';

const MAX_OUTPUT_BYTES = 1_000_000;
const LONG_TEXT = 'word '.repeat(4000);

let socket: us_listen_socket;
let port: number;
let open: (body: ResponseBody) => void;
let clock: ManualClock;
let cutOffs: number;
let dropped: number;

beforeAll(async () => {
  const app = uws.App();
  app.get('/events', (res, req) =>
    respond(
      res,
      () => ({ contentType: 'text/event-stream; charset=utf-8', stream: (body) => open(body) }),
      readRequest(req, 0),
      true,
    ),
  );
  socket = await new Promise((resolve, reject) =>
    app.listen('127.0.0.1', 0, (listening) =>
      listening ? resolve(listening) : reject(new Error('No port.')),
    ),
  );
  port = uws.us_socket_local_port(socket);
});

afterAll(() => uws.us_listen_socket_close(socket));

beforeEach(() => {
  clock = new ManualClock();
  cutOffs = 0;
  dropped = 0;
});

/** A client that reads nothing until it is told to, and the server's side of its connection. */
async function connectPaused(): Promise<{
  readonly client: Socket;
  readonly connection: EventConnection;
  /** How often the server was told that it is over. */
  readonly closed: () => number;
}> {
  let closed = 0;
  const client = connect(port, '127.0.0.1');
  client.pause();
  await once(client, 'connect');
  const opened = new Promise<EventConnection>((resolve) => {
    open = (body) => {
      const observer = { cutOff: () => void cutOffs++, partialDropped: () => void dropped++ };
      resolve(new EventConnection(body, clock, MAX_OUTPUT_BYTES, observer, () => void closed++));
    };
  });
  client.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');

  return { client, connection: await opened, closed: () => closed };
}

/** Reads until the text so far is enough. @returns what came, without the marks of chunks. */
async function readUntil(client: Socket, isEnough: (text: string) => boolean): Promise<string> {
  let text = '';
  client.on('data', (piece) => {
    text += piece.toString('utf8');
  });
  client.resume();
  while (!isEnough(text)) await once(client, 'data');

  return text.replaceAll(/\r\n[0-9a-f]+\r\n/g, '');
}

/** Sends finals until the client takes no more. @returns how many. */
function fill(connection: EventConnection): number {
  let sent = 0;
  while (connection.heldMessages === 0)
    connection.send(finalAt(sent++, LONG_TEXT, { captionId: `s:${sent}` }));

  return sent;
}

const ids = (text: string) => [...text.matchAll(/^id: \d+-s:(\d+)$/gm)].map(([, id]) => Number(id));

describe('A stream of events', () => {
  test('writes each message as an event, finals with ids, and errors under a name of their own', async () => {
    const { client, connection, closed } = await connectPaused();
    const final = finalAt(0, 'Good day.\nAll.');
    connection.send({ type: 'watching', version: 1, meeting: 'standup' });
    connection.send(final);
    connection.send({ type: 'error', code: 'segment-lost', message: 'm', retryable: false, fatal: false });
    const text = await readUntil(client, (so) => so.includes('event: problem'));
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream; charset=utf-8\r\n/i);
    expect(text).toContain('retry: 2000\n\n');
    expect(text).toContain('event: watching\ndata: {"type":"watching","version":1,"meeting":"standup"}\n\n');
    expect(text).toContain(
      `event: final\nid: ${final.spokenAtMs}-${final.captionId}\ndata: ${JSON.stringify(final)}\n\n`,
    );
    client.destroy();
    await new Promise<void>((resolve) => {
      const look = () => (closed() === 1 ? resolve() : setImmediate(look));
      look();
    });
    connection.send(final);
    expect(clock.pendingTimers).toBe(0);
  });

  test('says something now and then, so that nobody takes it for dead', async () => {
    const { client, connection } = await connectPaused();
    connection.send({ type: 'watching', version: 1, meeting: 'standup' });
    clock.advance(3 * HEARTBEAT_MS);
    const text = await readUntil(client, (so) => so.split(':\n\n').length > 3);
    expect(text.split('\n:\n').length - 1).toBe(3);
    client.destroy();
  });

  test('holds back what a client does not read, without what is superseded, and loses no final', async () => {
    const { client, connection } = await connectPaused();
    const before = fill(connection);
    const { confidence: _, endpoint: __, language: ___, model: ____, ...fields } = finalAt(0, 'so far');
    const partial = { ...fields, type: 'partial' as const, stableChars: 0, captionId: 's:next' };
    for (let revision = 0; revision < 5; revision++) connection.send({ ...partial, revision });
    expect(connection.heldMessages).toBe(2);
    connection.send(finalAt(0, 'Done.', { captionId: `s:${before + 1}` }));
    connection.send(finalAt(0, 'Done.', { captionId: 's:next' }));
    expect(dropped).toBe(5);
    connection.send(finalAt(0, 'The end.', { captionId: 's:999999' }));
    const text = await readUntil(client, (so) => so.includes('The end.'));
    expect(ids(text)).toEqual([...Array.from({ length: before + 1 }, (_, i) => i + 1), 999_999]);
    expect(text).not.toContain('event: partial');
    // From here on it is sent as it comes.
    const next = readUntil(client, (so) => so.includes('And on.'));
    connection.send(finalAt(0, 'And on.', { captionId: 's:1000000' }));
    expect(connection.heldMessages).toBe(0);
    await next;
    client.destroy();
  });

  test('ends when more waits than may be held', async () => {
    const { client, connection, closed } = await connectPaused();
    fill(connection);
    for (let i = 0; cutOffs === 0; i++) {
      expect(connection.bufferedBytes).toBeLessThanOrEqual(MAX_OUTPUT_BYTES);
      connection.send(finalAt(i, LONG_TEXT, { captionId: `t:${i}` }));
    }
    expect({ cutOffs, closed: closed(), held: connection.heldMessages }).toEqual({
      cutOffs: 1,
      closed: 1,
      held: 0,
    });
    client.destroy();
  });

  test('sends what is held before it ends', async () => {
    const { client, connection, closed } = await connectPaused();
    const sent = fill(connection);
    connection.close();
    expect(closed()).toBe(1);
    const text = await readUntil(client, (so) => so.endsWith('\r\n0\r\n\r\n'));
    expect(ids(text)).toHaveLength(sent);
    client.destroy();
  });
});
