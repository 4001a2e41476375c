import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultModelsDirectory } from '../server/model-store/directory.ts';
import { type Fixture, failureOf, openFixture, tarballPath } from './model-store.fixture.ts';
import { noise, packTarball, sha256 } from './model-store.origin.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(async () => {
  await fixture.close();
});

const installed = ['two-files', 'two-files/decoder.onnx', 'two-files/encoder.onnx'];

function tarballRequests(): number {
  return fixture.registry.seen.filter(({ path }) => path === tarballPath).length;
}

describe('ModelStore pull', () => {
  it('installs every file of a model from one reading of its tarball', async () => {
    const store = await fixture.store();
    expect(await store.pull('two-files')).toEqual(['encoder.onnx', 'decoder.onnx']);
    expect(await fixture.contents()).toEqual(installed);
    expect(await readFile(join(fixture.directory, 'two-files/encoder.onnx'))).toEqual(fixture.encoder);
    expect(await readFile(join(fixture.directory, 'two-files/decoder.onnx'))).toEqual(fixture.decoder);
    expect(tarballRequests()).toBe(1);
  });

  it('asks the network nothing when all files are in place', async () => {
    const store = await fixture.store();
    await store.pull('two-files');
    fixture.registry.seen.length = 0;
    expect(await store.pull('two-files')).toEqual([]);
    expect(fixture.registry.seen).toEqual([]);
  });

  it('fetches only the file that is missing and leaves the right one untouched', async () => {
    const store = await fixture.store();
    await store.pull('two-files');
    const before = await stat(join(fixture.directory, 'two-files/encoder.onnx'));
    await rm(join(fixture.directory, 'two-files/decoder.onnx'));
    expect(await store.pull('two-files')).toEqual(['decoder.onnx']);
    const after = await stat(join(fixture.directory, 'two-files/encoder.onnx'));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(await store.verify('two-files')).toEqual([]);
  });

  it('replaces a file that has the right size and the wrong bytes', async () => {
    const store = await fixture.store();
    await store.pull('two-files');
    await writeFile(join(fixture.directory, 'two-files/encoder.onnx'), noise(fixture.encoder.length, 3));
    expect(await store.pull('two-files')).toEqual(['encoder.onnx']);
    expect(await store.verify('two-files')).toEqual([]);
  });

  it('refuses a file with the wrong hash and names both hashes', async () => {
    const forged = noise(fixture.encoder.length, 9);
    const tarball = await packTarball({ 'dist/encoder.onnx': forged });
    fixture.answers.set(tarballPath, tarball);
    const message = await failureOf((await fixture.store()).pull('two-files'));
    expect(message).toContain(`encoder.onnx from @scope/models 1.2.3`);
    expect(message).toContain(`expected SHA-256 ${sha256(fixture.encoder)}, got ${sha256(forged)}`);
    expect(await fixture.contents()).toEqual(['two-files']);
    expect(tarballRequests()).toBe(1);
  });

  it('refuses a file of another size before it writes any of it', async () => {
    fixture.answers.set(tarballPath, await packTarball({ 'dist/encoder.onnx': noise(1000, 1) }));
    const message = await failureOf((await fixture.store()).pull('two-files'));
    expect(message).toContain('holds 1000 bytes where the catalogue names 200000');
    expect(await fixture.contents()).toEqual(['two-files']);
  });

  it('stops reading an archive that is larger than the catalogue says', async () => {
    const { tarball } = fixture;
    fixture.answers.set(tarballPath, Buffer.concat([tarball, noise(tarball.length, 4)]));
    const message = await failureOf((await fixture.store()).pull('two-files'));
    expect(message).toContain(`is larger than the ${tarball.length} bytes expected`);
  });

  it('says which file a package lacks', async () => {
    fixture.answers.set(tarballPath, await packTarball({ 'dist/encoder.onnx': fixture.encoder }));
    const message = await failureOf((await fixture.store()).pull('two-files'));
    expect(message).toContain('holds no file dist/decoder.onnx');
    expect(await fixture.contents()).toEqual(['two-files', 'two-files/encoder.onnx']);
  });

  it('ignores a link that bears the name of a wanted file', async () => {
    const folder = join(fixture.folder, 'link');
    await mkdir(join(folder, 'package/dist'), { recursive: true });
    await symlink('../package.json', join(folder, 'package/dist/encoder.onnx'));
    await create({ gzip: true, cwd: folder, file: join(folder, 'out.tgz') }, ['package']);
    fixture.answers.set(tarballPath, await readFile(join(folder, 'out.tgz')));
    const message = await failureOf((await fixture.store()).pull('two-files'));
    expect(message).toContain('holds no file dist/encoder.onnx');
  });

  it('lists the known models when asked for an unknown one', async () => {
    const message = await failureOf((await fixture.store()).pull('whisper'));
    expect(message).toBe('There is no model named "whisper". The models known are: two-files.');
  });

  it('lets two pulls of one model both succeed', async () => {
    const [one, other] = [await fixture.store(), await fixture.store()];
    await Promise.all([one.pull('two-files'), other.pull('two-files')]);
    expect(await fixture.contents()).toEqual(installed);
    expect(await one.verify('two-files')).toEqual([]);
  });
});

describe('ModelStore verify and resolve', () => {
  it('finds a flipped byte and names both hashes', async () => {
    const store = await fixture.store();
    await store.pull('two-files');
    const path = join(fixture.directory, 'two-files/decoder.onnx');
    const flipped = Buffer.from(fixture.decoder);
    flipped[1234]! ^= 1;
    await writeFile(path, flipped);
    const description = `decoder.onnx is damaged: expected SHA-256 ${sha256(fixture.decoder)}, got ${sha256(flipped)}`;
    expect(await store.verify('two-files')).toEqual([{ file: 'decoder.onnx', kind: 'damaged', description }]);
    const message = await failureOf(store.resolve('two-files'));
    expect(message).toContain(description);
    expect(message).toContain(`roundtable models pull two-files --models-dir '${fixture.directory}'`);
  });

  it('says what to type when a model is not installed', async () => {
    const message = await failureOf((await fixture.store()).resolve('two-files'));
    expect(message).toContain('is not installed. Run "roundtable models pull two-files');
  });

  it('resolves to absolute paths and the hash that sha256sum, sort and sha256sum give', async () => {
    const store = await fixture.store();
    await store.pull('two-files');
    const lines = [
      `${sha256(fixture.encoder)}  encoder.onnx\n`,
      `${sha256(fixture.decoder)}  decoder.onnx\n`,
    ].sort();
    expect(await store.resolve('two-files')).toEqual({
      name: 'two-files',
      adapter: 'moonshine',
      languages: ['en'],
      contentHash: sha256(lines.join('')),
      files: {
        'encoder.onnx': join(fixture.directory, 'two-files/encoder.onnx'),
        'decoder.onnx': join(fixture.directory, 'two-files/decoder.onnx'),
      },
    });
  });

  it('gives the same content hash whatever the order of the files in the catalogue', async () => {
    const turned = { ...fixture.model, files: [...fixture.model.files].reverse() };
    const store = await fixture.store();
    await store.pull('two-files');
    const other = await fixture.store({ catalogue: [turned] });
    expect((await other.resolve('two-files')).contentHash).toBe(
      (await store.resolve('two-files')).contentHash,
    );
  });

  it('lists a model as absent, incomplete, then installed', async () => {
    const store = await fixture.store();
    const state = async () => (await store.list()).map((listed) => listed.state);
    expect(await state()).toEqual(['absent']);
    await store.pull('two-files');
    expect(await state()).toEqual(['installed']);
    await rm(join(fixture.directory, 'two-files/encoder.onnx'));
    expect(await state()).toEqual(['incomplete']);
  });
});

describe('Default models directory', () => {
  it('follows the custom of each platform', () => {
    expect(defaultModelsDirectory('linux', { XDG_CACHE_HOME: '/c' })).toBe('/c/roundtable/models');
    expect(defaultModelsDirectory('linux', {})).toMatch(/\/\.cache\/roundtable\/models$/);
    expect(defaultModelsDirectory('darwin', {})).toMatch(/\/Library\/Caches\/roundtable\/models$/);
    expect(defaultModelsDirectory('win32', { LOCALAPPDATA: '/local' })).toBe('/local/roundtable/models');
  });
});
