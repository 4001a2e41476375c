import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HubRepository } from '../server/model-store/catalogue-entry.ts';
import { breakingAt, type Fixture, failureOf, noting, openFixture } from './model-store.fixture.ts';
import {
  type Answer,
  certificatePath,
  describeModel,
  hubFile,
  noise,
  type Origin,
  serve,
  startOrigin,
} from './model-store.origin.ts';

/** A host on the way to which nothing listens. */
const NOWHERE = 'http://127.0.0.1:1';

const graph = noise(300_000, 51);
const tokens = noise(5000, 52);
const repositories: readonly HubRepository[] = [
  { hub: 'modelscope', id: 'house/voice', revision: 'abc' },
  { hub: 'huggingface', id: 'maker/voice', revision: 'abc' },
];
const model = describeModel('voice', [hubFile('model.onnx', graph, repositories)]);
const [modelScopePath, huggingFacePath] = [
  '/models/house/voice/resolve/abc/model.onnx',
  '/maker/voice/resolve/abc/model.onnx',
];

let fixture: Fixture;
let modelscope: Origin;
let huggingface: Origin;
let answers: Record<'modelscope' | 'huggingface', Fixture['answers']>;
beforeEach(async () => {
  fixture = await openFixture();
  answers = { modelscope: new Map(), huggingface: new Map() };
  modelscope = await startOrigin(answers.modelscope);
  huggingface = await startOrigin(answers.huggingface);
  answers.huggingface.set(huggingFacePath, serve(graph));
});
afterEach(async () => {
  for (const { server } of [modelscope, huggingface]) {
    server.closeAllConnections();
    server.close();
  }
  await fixture.close();
});

const hostOf = ({ url }: Origin) => new URL(url).host;

function open(catalogue = [model], env: NodeJS.ProcessEnv = {}) {
  const hubBases = {
    modelscope: modelscope.url.slice(0, -1),
    huggingface: huggingface.url.replace('127.0.0.1', 'localhost').slice(0, -1),
  };
  return fixture.store({
    catalogue,
    hubBases,
    env: { npm_config_noproxy: '127.0.0.1,localhost', npm_config_fetch_retries: '0', ...env },
  });
}

const ranges = ({ seen }: Origin) => seen.map(({ range }) => range);

/** A pull that breaks at the first hub once so many bytes are there; the second one is not asked. */
async function leavePart(bytes: number): Promise<void> {
  answers.modelscope.set(modelScopePath, serve(graph, { holdAfter: bytes }));
  answers.huggingface.clear();
  await failureOf((await open()).pull('voice', { progress: breakingAt(bytes, modelscope) }));
  for (const { seen } of [modelscope, huggingface]) seen.length = 0;
}

type Headers = (start: number) => Record<string, string | number>;

/** Answers ranges with status 200 and these headers, and sends what was asked for. */
function withStatus200(headers: Headers): Answer {
  return (response, request) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const whole = { 'content-length': graph.length };
    response.writeHead(200, start === 0 ? whole : headers(start)).end(graph.subarray(start));
  };
}

describe('An answer to a request for the rest', () => {
  it('may have status 200, as from ModelScope, and is gone on with', async () => {
    await leavePart(100_000);
    answers.modelscope.set(
      modelScopePath,
      withStatus200((start) => ({
        'content-length': graph.length - start,
        'content-range': `bytes ${start}-${graph.length - 1}/${graph.length}`,
      })),
    );
    await (await open()).pull('voice');
    expect(ranges(modelscope)).toEqual(['bytes=100000-']);
    expect(await (await open()).verify('voice')).toEqual([]);
  });

  const odd: readonly [string, Headers][] = [
    [
      'says with status 200 how long the rest is, and not that it is one',
      (start) => ({ 'content-length': graph.length - start }),
    ],
    [
      'is of another length than its range',
      (start) => ({
        'content-length': graph.length - start,
        'content-range': `bytes ${start}-9/${graph.length + 7}`,
      }),
    ],
    [
      'begins elsewhere',
      (start) => ({
        'content-length': graph.length - start,
        'content-range': `bytes 7-${graph.length - 1}/${graph.length}`,
      }),
    ],
  ];

  it.each(odd)('that %s leads to another one, for the whole file', async (_, headers) => {
    await leavePart(100_000);
    answers.modelscope.set(modelScopePath, withStatus200(headers));
    await (await open()).pull('voice');
    expect(ranges(modelscope)).toEqual(['bytes=100000-', undefined]);
    expect(await (await open()).verify('voice')).toEqual([]);
  });

  it.each([400, 403])('that refuses it with status %d leads to one for the whole file', async (status) => {
    await leavePart(100_000);
    const whole = serve(graph) as Exclude<Answer, Buffer>;
    answers.modelscope.set(modelScopePath, (response, request) => {
      if (request.headers.range === undefined) whole(response, request);
      else response.writeHead(status).end();
    });
    await (await open()).pull('voice');
    expect(await (await open()).verify('voice')).toEqual([]);
  });

  it.each([
    ['a refusal', { status: 403, type: 'text/plain' }],
    ['a web page', { status: 200, type: 'text/html' }],
    ['a message', { status: 200, type: 'application/json' }],
  ])('that is %s, also to the next request, throws nothing away', async (_, { status, type }) => {
    await leavePart(100_000);
    answers.modelscope.set(modelScopePath, (response) =>
      response.writeHead(status, { 'content-type': type }).end('{"Code":10990101007}'),
    );
    await failureOf((await open()).pull('voice'));
    expect(await (await open()).list()).toMatchObject([{ hereBytes: 100_000 }]);
  });
});

describe('A hub that answers with a message in place of a file', () => {
  const message: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.write('{"Code":10990101007,');
    response.end('"Message":"not found"}');
  };

  it('is passed over, and nothing of the message taken for the file', async () => {
    answers.modelscope.set(modelScopePath, message);
    const progress = noting();
    await (await open()).pull('voice', { progress });
    expect(progress.notes).toEqual([expect.stringContaining('it answered with a message. Asking localhost')]);
    expect(ranges(huggingface)).toEqual([undefined]);
  });

  it('may have a file that is JSON, or of the type of a page', async () => {
    const json = describeModel('voice', [hubFile('model.json', tokens, repositories)]);
    const [path, type] = ['/models/house/voice/resolve/abc/model.json', 'application/json'];
    answers.modelscope.set(path, (response) => response.writeHead(200, { 'content-type': type }).end(tokens));
    await (await open([json])).pull('voice');
    await (await open([json])).remove('voice');
    const page = { 'content-type': 'text/html', 'content-length': tokens.length };
    answers.modelscope.set(path, (response) => response.writeHead(200, page).end(tokens));
    await (await open([json])).pull('voice');
    expect(huggingface.seen).toEqual([]);
  });
});

describe('A host that a hub leads to', () => {
  const leadTo = (location: string) =>
    answers.modelscope.set(modelScopePath, (response) => response.writeHead(302, { location }).end());

  it('is named when it cannot be reached', async () => {
    leadTo(`${NOWHERE}/graph`);
    const progress = noting();
    await (await open()).pull('voice', { progress });
    expect(progress.notes[0]).toContain(
      `from 127.0.0.1:1, where ${hostOf(modelscope)} leads: the connection was refused.`,
    );
  });

  it('is named when it refuses access, and no token is asked for', async () => {
    leadTo(`${fixture.registry.url}store/graph`);
    fixture.answers.set('/store/graph', (response) => response.writeHead(403).end());
    answers.huggingface.clear();
    const message = await failureOf((await open()).pull('voice'));
    expect(message).toContain(
      `from ${hostOf(fixture.registry)}, where ${hostOf(modelscope)} leads: it refused access (status 403).`,
    );
    expect(message).toContain('Check the network and the proxy');
    expect(message).not.toContain('TOKEN');
  });

  it('is named when the connection to it breaks', async () => {
    leadTo(`${fixture.registry.url}store/graph`);
    fixture.answers.set('/store/graph', serve(graph, { breakAfter: () => 1000 }));
    answers.huggingface.clear();
    const message = await failureOf((await open()).pull('voice'));
    expect(message).toContain(`where ${hostOf(modelscope)} leads: the connection broke`);
  });

  it('is not asked without encryption, and the other hub is', async () => {
    leadTo('http://models.example/graph');
    const progress = noting();
    await (await open()).pull('voice', { progress });
    expect(progress.notes).toEqual([
      'A model may only come from an https: address; http://models.example is not one. ' +
        `Asking ${hostOf(huggingface).replace('127.0.0.1', 'localhost')} instead.`,
    ]);
    expect(await (await open()).verify('voice')).toEqual([]);
  });
});

describe('A proxy', () => {
  let proxy: Server;
  let address: string;
  let encrypted: Origin;
  let refusal: number | null;
  const tunnels: string[] = [];
  beforeEach(async () => {
    refusal = null;
    tunnels.length = 0;
    encrypted = await startOrigin(new Map([[modelScopePath, serve(graph)]]), { tls: true });
    proxy = createServer();
    proxy.on('connect', ({ url }, client: Socket) => {
      tunnels.push(url!);
      if (refusal !== null) return client.end(`HTTP/1.1 ${refusal} No\r\nContent-Length: 0\r\n\r\n`);
      const target = connect(Number(url!.split(':')[1]), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(client).pipe(target);
      });
      for (const socket of [client, target]) socket.on('error', () => socket.destroy());
      return undefined;
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    for (const server of [proxy, encrypted.server]) {
      server.closeAllConnections();
      server.close();
    }
  });

  function openBehind(url: string) {
    const only = [repositories[0]!];
    return fixture.store({
      catalogue: [describeModel('voice', [hubFile('model.onnx', graph, only)])],
      hubBases: { modelscope: encrypted.url.slice(0, -1), huggingface: NOWHERE },
      env: { npm_config_noproxy: '', npm_config_fetch_retries: '0' },
      npmrc: `https-proxy=${url}\ncafile=${certificatePath}\n`,
    });
  }

  it('is the way to hubs', async () => {
    await (await openBehind(`http://${address}`)).pull('voice');
    expect(tunnels).toEqual([hostOf(encrypted)]);
  });

  it('that wants a name is told from a hub that does', async () => {
    refusal = 407;
    const message = await failureOf((await openBehind(`http://${address}`)).pull('voice'));
    expect(message).toContain('the proxy on the way wants a name and a password (status 407). Put them');
  });

  it.each(['proxy.corp:3128', 'ftp://proxy.corp'])('is not %s', async (url) => {
    const message = await failureOf((await openBehind(url)).pull('voice'));
    expect(message).toContain('the address of the proxy is none');
  });
});
