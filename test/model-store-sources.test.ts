import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Failure } from '../server/failure.ts';
import { loadNpmSettings, publicRegistryHost } from '../server/model-store/npm-settings.ts';
import type { ModelStore } from '../server/model-store/store.ts';
import {
  type Fixture,
  npmEnv,
  openFixture,
  packumentPath,
  tarballPath,
  version,
} from './model-store.fixture.ts';
import {
  certificatePath,
  describeFile,
  describeModel,
  noise,
  type Origin,
  packument,
  serve,
  sha256,
  startOrigin,
} from './model-store.origin.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(async () => {
  await fixture.close();
});

/** A registry nothing listens on: a pull that asks it fails. */
const nowhere = 'http://127.0.0.1:1/';

function lines(...parts: string[]): string {
  return parts.map((part) => `${part}\n`).join('');
}

describe('ModelStore with npm settings', () => {
  it("takes the registry of the package's scope from .npmrc", async () => {
    const npmrc = lines(`@scope:registry=${fixture.registry.url}`);
    const store = await fixture.store({ npmrc, env: { npm_config_registry: nowhere } });
    expect(await store.pull('two-files')).toHaveLength(2);
  });

  it('moves a tarball address on the public registry to the configured mirror', async () => {
    const address = `https://${publicRegistryHost}${tarballPath}`;
    fixture.answers.set(packumentPath, packument(version, address));
    const store = await fixture.store();
    expect(await store.pull('two-files')).toHaveLength(2);
    expect(fixture.registry.seen.map(({ path }) => path)).toEqual([packumentPath, tarballPath]);
  });

  it('leaves a tarball address on a third host alone unless told to move it', async () => {
    const address = `http://localhost:1${tarballPath}`;
    fixture.answers.set(packumentPath, packument(version, address));
    const store = await fixture.store();
    await expect(store.pull('two-files')).rejects.toThrow('from localhost:1: the connection was refused');
    const moving = await fixture.store({ npmrc: lines('replace-registry-host=always') });
    expect(await moving.pull('two-files')).toHaveLength(2);
  });

  it("sends the registry's token with both requests, and an environment variable can hold it", async () => {
    const { host } = new URL(fixture.registry.url);
    const npmrc = lines(`//${host}/:_authToken=\${MODEL_TOKEN}`);
    const store = await fixture.store({ npmrc, env: { MODEL_TOKEN: 's3cret' } });
    await store.pull('two-files');
    expect(fixture.registry.seen.map(({ authorization }) => authorization)).toEqual([
      'Bearer s3cret',
      'Bearer s3cret',
    ]);
  });

  it('does not show credentials in a failure', async () => {
    fixture.answers.set(packumentPath, (response) => response.writeHead(403).end());
    const url = fixture.registry.url.replace('//', '//user:s3cret@');
    const store = await fixture.store({ env: { npm_config_registry: url } });
    const message = await store.pull('two-files').catch((error: Failure) => error.message);
    expect(message).toContain('it refused access (status 403)');
    expect(message).not.toContain('s3cret');
  });

  it('reports a token that belongs to no registry as npm does', async () => {
    const store = await fixture.store({ npmrc: lines('_authToken=s3cret') });
    await expect(store.pull('two-files')).rejects.toThrow('The settings of npm cannot be used');
  });

  it('says when the registry does not have the package or the version', async () => {
    fixture.answers.set(packumentPath, packument('9.9.9', fixture.registry.url));
    await expect((await fixture.store()).pull('two-files')).rejects.toThrow('offers no @scope/models 1.2.3');
    fixture.answers.delete(packumentPath);
    await expect((await fixture.store()).pull('two-files')).rejects.toThrow(
      'it does not have it (status 404)',
    );
  });

  it('repeats a request that a busy registry turned away', async () => {
    const { tarball } = fixture;
    fixture.answers.set(tarballPath, (response) => {
      fixture.answers.set(tarballPath, tarball);
      response.writeHead(503).end();
    });
    expect(await (await fixture.store()).pull('two-files')).toHaveLength(2);
  });

  it('asks nobody when npm is set to work offline', async () => {
    const store = await fixture.store({ env: { npm_config_offline: 'true' } });
    await expect(store.pull('two-files')).rejects.toThrow('npm is set to work offline');
    expect(fixture.registry.seen).toEqual([]);
  });

  it("sends the scope's token for a tarball elsewhere on the registry's host", async () => {
    const scoped = `${fixture.registry.url}npm/`;
    fixture.answers.set(`/npm${packumentPath}`, packument(version, new URL(tarballPath, scoped).href));
    const npmrc = lines(`@scope:registry=${scoped}`, `${scoped.replace('http:', '')}:_authToken=s3cret`);
    const store = await fixture.store({ npmrc, env: { npm_config_registry: nowhere } });
    await store.pull('two-files');
    expect(fixture.registry.seen.map(({ authorization }) => authorization)).toEqual([
      'Bearer s3cret',
      'Bearer s3cret',
    ]);
  });

  it('says so when a registry is no address', async () => {
    const store = await fixture.store({ npmrc: lines('@scope:registry=mirror') });
    await expect(store.pull('two-files')).rejects.toThrow('is "mirror", which is no address');
  });

  it('leaves the environment it was given as it was', async () => {
    const env = npmEnv(fixture.folder, fixture.registry.url);
    const before = { ...env };
    await loadNpmSettings({ env, cwd: fixture.folder });
    expect(env).toEqual(before);
  });
});

describe('ModelStore with https sources', () => {
  const content = noise(150_000, 7);
  let origin: Origin;
  let answers: Fixture['answers'];
  beforeEach(async () => {
    answers = new Map([['/model.onnx', content]]);
    origin = await startOrigin(answers, { tls: true });
  });
  afterEach(() => {
    origin.server.closeAllConnections();
    origin.server.close();
  });

  function open(
    url = new URL('model.onnx', origin.url).href,
    npmrc = `cafile=${certificatePath}\n`,
  ): Promise<ModelStore> {
    const file = describeFile('model.onnx', content, { kind: 'https', url });
    return fixture.store({ catalogue: [describeModel('one-file', [file])], npmrc });
  }

  it("fetches a file over a connection that npm's cafile vouches for", async () => {
    const store = await open();
    expect(await store.pull('one-file')).toEqual(['model.onnx']);
    expect(await readFile(join(fixture.directory, 'one-file/model.onnx'))).toEqual(content);
  });

  it('refuses a certificate nobody vouches for and says how to vouch', async () => {
    const store = await open(undefined, '');
    await expect(store.pull('one-file')).rejects.toThrow(
      /certificate is not trusted.*cafile.*NODE_EXTRA_CA_CERTS/,
    );
    expect(origin.seen).toEqual([]);
  });

  it('refuses the wrong bytes and names both hashes', async () => {
    const forged = noise(content.length, 8);
    answers.set('/model.onnx', forged);
    const hashes = `expected SHA-256 ${sha256(content)}, got ${sha256(forged)}`;
    await expect((await open()).pull('one-file')).rejects.toThrow(hashes);
    expect(await fixture.contents()).toEqual(['one-file']);
  });

  it('refuses an endless body as soon as it is too large', async () => {
    answers.set('/model.onnx', (response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(content));
      };
      response.on('drain', more);
      more();
    });
    await expect((await open()).pull('one-file')).rejects.toThrow('larger than the 150000 bytes');
    expect(await fixture.contents()).toEqual(['one-file']);
  });

  it('refuses a file of another size before it reads any of it', async () => {
    answers.set('/model.onnx', Buffer.from(content.subarray(0, 1000)));
    await expect((await open()).pull('one-file')).rejects.toThrow(
      'holds 1000 bytes where the catalogue names 150000',
    );
    expect(origin.seen).toHaveLength(1);
    expect(await fixture.contents()).toEqual(['one-file']);
  });

  it('tries again when a body of unknown length ends too early', async () => {
    const cut = Buffer.from(content.subarray(0, 1000));
    answers.set('/model.onnx', serve(cut, { chunked: true, ranges: false }));
    await expect((await open()).pull('one-file')).rejects.toThrow('ended after 1000 of 150000 bytes');
    expect(origin.seen).toHaveLength(2);
  });

  it('keeps a bare http address out unless it is this machine', async () => {
    const store = await open('http://models.example/model.onnx');
    await expect(store.pull('one-file')).rejects.toThrow('may only come from an https: address');
    fixture.answers.set('/model.onnx', content);
    const local = await open(new URL('model.onnx', fixture.registry.url).href);
    expect(await local.pull('one-file')).toEqual(['model.onnx']);
  });

  it('asks nothing of an address away from https that a redirect leads to', async () => {
    const insecure = 'http://models.example/model.onnx';
    answers.set('/model.onnx', (response) => response.writeHead(302, { location: insecure }).end());
    // The registry plays an HTTP proxy, which is asked for whole addresses.
    fixture.answers.set(insecure, content);
    const store = await open(undefined, lines(`cafile=${certificatePath}`, `proxy=${fixture.registry.url}`));
    await expect(store.pull('one-file')).rejects.toThrow('http://models.example is not one');
    expect(fixture.registry.seen).toEqual([]);
    expect(await fixture.contents()).toEqual(['one-file']);
  });

  it('follows a redirect to another https address', async () => {
    answers.set('/moved.onnx', content);
    answers.set('/model.onnx', (response) => response.writeHead(302, { location: '/moved.onnx' }).end());
    expect(await (await open()).pull('one-file')).toEqual(['model.onnx']);
  });

  it("does not send the registry's token to another host", async () => {
    const { host } = new URL(fixture.registry.url);
    const npmrc = lines(`cafile=${certificatePath}`, `//${host}/:_authToken=s3cret`);
    await (await open(undefined, npmrc)).pull('one-file');
    expect(origin.seen).toEqual([{ path: '/model.onnx', authorization: undefined }]);
  });
});
