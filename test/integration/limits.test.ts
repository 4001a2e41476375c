import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Clip, encode, readClips } from '../support/audio.ts';
import { untilMetric } from '../support/metrics.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectFatal, openStream, watchOverBystander } from './speech.ts';

const FLAGS = {
  '--max-streams': 3,
  '--max-waiting-streams': 0,
  '--max-viewers': 2,
  '--max-fences-per-stream': 3,
  '--start-timeout-ms': 1000,
  '--idle-timeout-ms': 1000,
  '--resume-window-ms': 0,
};

let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  const flags = Object.entries(FLAGS).flatMap(([flag, value]) => [flag, String(value)]);
  [server, clips] = await Promise.all([startRoundtable(flags), readClips()]);
});

afterAll(() => server.stop());

const bystander = watchOverBystander(
  () => server,
  () => clips[3]!,
);

/** Lets the bystander be heard of for as long as something takes. */
async function beside<Result>(slow: Promise<Result>): Promise<Result> {
  let over = false;
  const ending = slow.finally(() => {
    over = true;
  });
  for (let id = 0; !over; id++) await Promise.race([bystander().passMarker(id), ending]);

  return ending;
}

function connect(
  path: string,
  subprotocols: string[] = [],
): Promise<{ readonly status: number; readonly body: string }> {
  const socket = new WebSocket(`${server.socketUrl}${path}`, subprotocols);
  socket.on('error', () => {});

  return once(socket, 'unexpected-response').then(async ([, response]) => {
    let body = '';
    for await (const chunk of response) body += chunk;

    return { status: response.statusCode, body };
  });
}

describe('A stream', () => {
  it('that never starts is start-timeout', async () => {
    const client = await RawClient.connect(`${server.socketUrl}/v1/stream`);
    await beside(expectFatal(client, 'start-timeout'));
  });

  it('that sends nothing for too long is idle-timeout', async () => {
    const client = await openStream(server);
    client.sendAudio(encode('pcm_s16le', clips[0]!.samples));
    await beside(expectFatal(client, 'idle-timeout'));
    // What had been said was captioned before.
    expect(client.all('partial').length).toBeGreaterThan(0);
  });

  it('that waits for done does not count as idle', async () => {
    const client = await openStream(server);
    client.sendAudio(encode('pcm_s16le', clips[0]!.samples));
    client.send({ type: 'stop' });
    expect(await client.closed).toEqual({ code: 1000, reason: 'done' });
  });

  it('with too many markers is too-many-fences', async () => {
    const client = await openStream(server);
    client.sendAudio(encode('pcm_s16le', clips[1]!.samples));
    for (let id = 0; id < 4; id++) client.send({ type: 'marker', id });
    await expectFatal(client, 'too-many-fences');
  });

  it('with too many flushes is too-many-fences', async () => {
    const client = await openStream(server);
    client.sendAudio(encode('pcm_s16le', clips[1]!.samples));
    for (let i = 0; i < 4; i++) client.send({ type: 'flush' });
    await expectFatal(client, 'too-many-fences');
  });

  it('may use as many markers as it likes one after the other', async () => {
    const client = await openStream(server);
    for (let id = 0; id < 20; id++) await client.passMarker(id);
    client.close();
  });

  it('too many is too-many-streams, until another one leaves', async () => {
    // The bystander is there; those of the tests before may be leaving still.
    await untilMetric(server.url, 'roundtable_streams', 1);
    const [first, second] = await Promise.all([openStream(server), openStream(server, { meeting: 'full' })]);
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/full/captions`);
    await viewer.next('watching');
    await expectFatal(await RawClient.connect(`${server.socketUrl}/v1/stream`), 'too-many-streams');
    second.close();
    await viewer.next('speaker-left');
    const third = await openStream(server);
    for (const client of [first, third, viewer]) client.close();
    await Promise.all([first.closed, third.closed, viewer.closed]);
  });
});

describe('A viewer', () => {
  it('too many is too-many-viewers, whatever the meeting', async () => {
    const viewers = await Promise.all(
      ['a', 'b'].map((name) => RawClient.connect(`${server.socketUrl}/v1/meetings/${name}/captions`)),
    );
    await Promise.all(viewers.map((viewer) => viewer.next('watching')));
    await expectFatal(
      await RawClient.connect(`${server.socketUrl}/v1/meetings/a/captions`),
      'too-many-viewers',
    );
    for (const viewer of viewers) viewer.close();
    await Promise.all(viewers.map(({ closed }) => closed));
  });
});

describe('A request for a WebSocket', () => {
  it('with unknown subprotocols only is answered with 400 and the known ones', async () => {
    const { status, body } = await connect('/v1/stream', ['graphql-ws', 'roundtable.v9.json']);
    expect(status).toBe(400);
    expect(body).toContain('roundtable.v1.json, roundtable.v1.msgpack');
  });

  it('with several subprotocols gets the first one known', async () => {
    const socket = new WebSocket(`${server.socketUrl}/v1/stream`, [
      'graphql-ws',
      'roundtable.v1.msgpack',
      'roundtable.v1.json',
    ]);
    await once(socket, 'open');
    expect(socket.protocol).toBe('roundtable.v1.msgpack');
    socket.close();
    await once(socket, 'close');
  });

  it.each(['/v1/streams', '/v1', '/v1/stream/', '/v1/meetings//captions/x', '/v2/stream'])(
    'to %s is 404',
    async (path) => {
      expect((await connect(path)).status).toBe(404);
    },
  );
});

describe('A plain HTTP request', () => {
  it.each([
    ['GET', '/nothing'],
    ['POST', '/healthz'],
    ['DELETE', '/v1/stream'],
  ])('of %s %s is 404', async (method, path) => {
    const response = await fetch(`${server.url}${path}`, { method });
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('There is nothing here.');
  });
});
