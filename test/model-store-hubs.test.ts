import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HubRepository } from '../server/model-store/catalogue-entry.ts';
import { hubFault } from '../server/model-store/hub-setting.ts';
import { breakingAt, type Fixture, failureOf, noting, openFixture } from './model-store.fixture.ts';
import {
  describeModel,
  hubFile,
  noise,
  type Origin,
  serve,
  sha256,
  startOrigin,
} from './model-store.origin.ts';

const graph = noise(150_000, 31);
const tokens = noise(2000, 32);

const repositories: readonly HubRepository[] = [
  { hub: 'huggingface', id: 'maker/voice', revision: 'abc' },
  { hub: 'modelscope', id: 'house/voice-onnx', revision: 'master' },
];
const model = describeModel('voice', [
  hubFile('model.int8.onnx', graph, repositories),
  hubFile('tokens.txt', tokens, repositories),
]);

const huggingFacePaths = ['/maker/voice/resolve/abc/model.int8.onnx', '/maker/voice/resolve/abc/tokens.txt'];
const modelScopePaths = [
  '/models/house/voice-onnx/resolve/master/model.int8.onnx',
  '/models/house/voice-onnx/resolve/master/tokens.txt',
];

let fixture: Fixture;
let huggingface: Origin;
let modelscope: Origin;
let answers: Record<'huggingface' | 'modelscope', Fixture['answers']>;
beforeEach(async () => {
  fixture = await openFixture();
  answers = { huggingface: new Map(), modelscope: new Map() };
  huggingface = await startOrigin(answers.huggingface);
  modelscope = await startOrigin(answers.modelscope);
  for (const [index, content] of [graph, tokens].entries()) {
    answers.huggingface.set(huggingFacePaths[index]!, serve(content));
    answers.modelscope.set(modelScopePaths[index]!, serve(content));
  }
});
afterEach(async () => {
  for (const { server } of [huggingface, modelscope]) {
    server.closeAllConnections();
    server.close();
  }
  await fixture.close();
});

function open(hub = 'auto', env: NodeJS.ProcessEnv = {}, catalogue = [model]) {
  // The second one goes by another name, so that it is another host.
  const hubBases = {
    huggingface: huggingface.url.replace(/\/$/, ''),
    modelscope: modelscope.url.replace('127.0.0.1', 'localhost').replace(/\/$/, ''),
  };
  return fixture.store({
    catalogue,
    hub,
    hubBases,
    env: { npm_config_noproxy: '127.0.0.1,localhost', ...env },
  });
}

const paths = ({ seen }: Origin) => seen.map(({ path }) => path);

describe('A model on two hubs', () => {
  it('is asked of the first one alone when that has it', async () => {
    expect(await (await open()).pull('voice')).toEqual(['model.int8.onnx', 'tokens.txt']);
    expect(paths(huggingface)).toEqual(huggingFacePaths);
    expect(paths(modelscope)).toEqual([]);
  });

  it('is asked first of the hub that the operator names', async () => {
    await (await open('modelscope')).pull('voice');
    expect(paths(modelscope)).toEqual(modelScopePaths);
    expect(paths(huggingface)).toEqual([]);
  });

  it('is had from the other one when the first is away, which is said, and not asked for the next file', async () => {
    huggingface.server.close();
    const progress = noting();
    await (await open('auto', { npm_config_fetch_retries: '0' })).pull('voice', { progress });
    expect(paths(modelscope)).toEqual(modelScopePaths);
    expect(progress.notes).toEqual([
      expect.stringMatching(
        /^Could not fetch model.int8.onnx from 127\.0\.0\.1:\d+: the connection was refused\. Asking localhost:\d+ instead\.$/,
      ),
    ]);
  });

  it('goes on at the second one with what the first one gave', async () => {
    answers.huggingface.set(huggingFacePaths[0]!, serve(graph, { holdAfter: 50_000 }));
    await (await open()).pull('voice', { progress: breakingAt(50_000, huggingface) });
    expect(modelscope.seen[0]!.range).toBe('bytes=50000-');
    expect(await (await open()).verify('voice')).toEqual([]);
  });

  it('is had from the second one when the first has other bytes', async () => {
    answers.huggingface.set(huggingFacePaths[0]!, serve(noise(graph.length, 33)));
    const progress = noting();
    await (await open()).pull('voice', { progress });
    expect(progress.notes[0]).toContain('is not the file the catalogue names');
    expect(await (await open()).verify('voice')).toEqual([]);
  });

  it('is had from the second one when the first answers with a web page', async () => {
    answers.huggingface.set(huggingFacePaths[1]!, (response) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>Sign in</p>'),
    );
    const progress = noting();
    await (await open()).pull('voice', { progress });
    expect(progress.notes[0]).toContain('it answered with a web page');
  });

  it('names both hubs when neither has it', async () => {
    answers.huggingface.clear();
    answers.modelscope.clear();
    const message = await failureOf((await open()).pull('voice'));
    expect(message).toMatch(
      /from 127\.0\.0\.1:\d+: it does not have it \(status 404\)\. Could not .* from localhost:\d+: it/,
    );
    expect(message).toContain('with --model-hub');
  });
});

describe('A mirror', () => {
  const layouts = [
    ['that passes Hugging Face on', huggingFacePaths],
    ['that passes ModelScope on', modelScopePaths],
    ['that is a folder of folders', ['/voice/model.int8.onnx', '/voice/tokens.txt']],
  ] as const;

  it.each(layouts)('%s is used, below its base address, and no hub is asked', async (_, files) => {
    fixture.answers.set(`/mirror/models${files[0]}`, serve(graph));
    fixture.answers.set(`/mirror/models${files[1]}`, serve(tokens));
    const progress = noting();
    await (await open(`${fixture.registry.url}mirror/models/`)).pull('voice', { progress });
    expect([...paths(huggingface), ...paths(modelscope)]).toEqual([]);
    // The layout is found out once.
    expect(paths(fixture.registry).at(-1)).toBe(`/mirror/models${files[1]}`);
    expect(paths(fixture.registry).filter((path) => path.endsWith('tokens.txt'))).toHaveLength(1);
    expect(progress.notes).toEqual([]);
    expect(await (await open()).verify('voice')).toEqual([]);
  });

  it('that has it in no layout is told which were tried', async () => {
    const message = await failureOf((await open(fixture.registry.url)).pull('voice'));
    expect(message).toContain(
      `it has it neither as ${huggingFacePaths[0]} nor as ${modelScopePaths[0]} nor as /voice/model.int8.onnx`,
    );
  });

  it.each([
    ['modelscop', 'is neither'],
    ['http://models.example.org', 'https://, but for this machine'],
    ['ftp://models.example.org', 'is neither'],
    ['https://user:s3cret@models.example.org', 'MODEL_HUB_TOKEN'],
    ['https://models.example.org/?token=x', 'base address alone'],
  ])('is not %s', (text, fault) => {
    expect(hubFault(text)).toContain(fault);
    expect(hubFault(text)).not.toContain('s3cret');
  });

  it('may be on this machine, or anywhere behind https', () => {
    for (const text of [
      'auto',
      'modelscope',
      'huggingface',
      'http://127.0.0.1:9000/x',
      'https://models.example.org/a/b/',
    ])
      expect(hubFault(text)).toBeNull();
  });
});

describe('A token of a hub', () => {
  const env = { HF_TOKEN: 'hf_s3cret', MODELSCOPE_API_TOKEN: 'ms-s3cret', MODEL_HUB_TOKEN: 'own-s3cret' };

  const secrets = ({ seen }: Origin) => seen.map(({ authorization, cookie }) => authorization ?? cookie);

  it('goes to its own hub, as that wants it', async () => {
    answers.huggingface.delete(huggingFacePaths[0]!);
    await (await open('huggingface', env)).pull('voice');
    expect(new Set(secrets(huggingface))).toEqual(new Set(['Bearer hf_s3cret']));
    expect(new Set(secrets(modelscope))).toEqual(new Set(['m_session_id=ms-s3cret']));
  });

  it('goes to the mirror that was named, and to no other', async () => {
    fixture.answers.set('/voice/model.int8.onnx', serve(graph));
    fixture.answers.set('/voice/tokens.txt', serve(tokens));
    await (await open(fixture.registry.url, env)).pull('voice');
    expect(new Set(secrets(fixture.registry))).toEqual(new Set(['Bearer own-s3cret']));
  });

  it.each(['127.0.0.1', 'localhost'])('does not follow a redirect to another origin (%s)', async (host) => {
    const elsewhere = `${fixture.registry.url.replace('127.0.0.1', host)}store/graph`;
    fixture.answers.set('/store/graph', serve(graph));
    answers.huggingface.set(huggingFacePaths[0]!, (response) =>
      response.writeHead(302, { location: elsewhere }).end(),
    );
    await (await open('huggingface', env)).pull('voice');
    expect(secrets(huggingface)[0]).toBe('Bearer hf_s3cret');
    expect(fixture.registry.seen).toMatchObject([{ path: '/store/graph' }]);
    expect(secrets(fixture.registry)).toEqual([undefined]);
  });

  it('stays on the way to another address of its own hub', async () => {
    answers.huggingface.set('/moved', serve(graph));
    answers.huggingface.set(huggingFacePaths[0]!, (response) =>
      response.writeHead(307, { location: '/moved' }).end(),
    );
    await (await open('huggingface', env)).pull('voice');
    expect(secrets(huggingface)).toEqual(['Bearer hf_s3cret', 'Bearer hf_s3cret', 'Bearer hf_s3cret']);
  });

  it('is asked for, or for a better one, and never shown', async () => {
    for (const hub of ['huggingface', 'modelscope'] as const)
      for (const path of [...huggingFacePaths, ...modelScopePaths])
        answers[hub].set(path, (response) => response.writeHead(401).end());
    const without = await failureOf((await open()).pull('voice'));
    expect(without).toContain('Put a token for it into HF_TOKEN');
    expect(without).toContain('Put a token for it into MODELSCOPE_API_TOKEN');
    const refused = await failureOf((await open('auto', env)).pull('voice'));
    expect(refused).toMatch(/The token in HF_TOKEN does not open 127\.0\.0\.1/);
    expect(refused).not.toContain('s3cret');
  });

  it('is refused with characters that would break a header', async () => {
    const message = await failureOf((await open('auto', { HF_TOKEN: 'hf_s3cret\r\nx: y' })).pull('voice'));
    expect(message).toContain('HF_TOKEN holds characters that no token has');
    expect(message).not.toContain('s3cret');
  });
});

describe('A file whose hash nobody has published', () => {
  const unknown = describeModel('voice', [
    hubFile('model.int8.onnx', graph, repositories, { bytes: null, sha256: null }),
    hubFile('tokens.txt', tokens, repositories),
  ]);
  const openUnknown = () => open('auto', {}, [unknown]);
  const sums = () => readFile(join(fixture.directory, 'voice/SHA256SUMS'), 'utf8');

  it('is trusted the first time, which is said, recorded for sha256sum, and held to', async () => {
    const progress = noting();
    const store = await openUnknown();
    await store.pull('voice', { progress });
    expect(progress.notes).toEqual([expect.stringContaining(sha256(graph))]);
    expect(progress.doneBytes).toBe(progress.totalBytes);
    expect(await sums()).toBe(`${sha256(graph)}  model.int8.onnx\n`);
    expect(await store.verify('voice')).toEqual([]);
    expect((await store.resolve('voice')).files).toHaveProperty(['model.int8.onnx']);
    const flipped = Buffer.from(graph);
    flipped[3]! ^= 1;
    await writeFile(join(fixture.directory, 'voice/model.int8.onnx'), flipped);
    expect(await store.verify('voice')).toMatchObject([{ kind: 'damaged' }]);
  });

  it('is repaired with the same bytes, and with no others', async () => {
    const store = await openUnknown();
    await store.pull('voice');
    await writeFile(join(fixture.directory, 'voice/model.int8.onnx'), 'short');
    for (const hub of ['huggingface', 'modelscope'] as const)
      answers[hub].set(
        (hub === 'huggingface' ? huggingFacePaths : modelScopePaths)[0]!,
        serve(noise(150_000, 39)),
      );
    expect(await failureOf(store.pull('voice'))).toContain(`expected SHA-256 ${sha256(graph)}`);
    answers.huggingface.set(huggingFacePaths[0]!, serve(graph));
    await store.pull('voice');
    expect(await store.verify('voice')).toEqual([]);
  });

  it('is gone on with only where the server vouches that it is the same', async () => {
    answers.huggingface.set(huggingFacePaths[0]!, serve(graph, { etag: '"1"', holdAfter: 50_000 }));
    const store = await openUnknown();
    await store.pull('voice', { progress: breakingAt(50_000, huggingface) });
    // The other hub cannot vouch for what this one gave.
    expect(modelscope.seen[0]!.range).toBeUndefined();
    expect(await sums()).toBe(`${sha256(graph)}  model.int8.onnx\n`);
  });
});
