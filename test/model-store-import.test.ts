import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { create } from 'tar';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recogniseModel } from '../server/model-store/recognise-model.ts';
import type { ModelStore } from '../server/model-store/store.ts';
import { type Fixture, failureOf, openFixture } from './model-store.fixture.ts';
import { describeFile, describeModel, noise, packTarball } from './model-store.origin.ts';
import { SenseVoiceModels } from './support/sensevoice-models.ts';
import { TinySherpaModels } from './support/tiny-sherpa.ts';

const models = new SenseVoiceModels();
let fixture: Fixture;
let store: ModelStore;
let source: string;
beforeEach(async () => {
  fixture = await openFixture();
  store = await fixture.store();
  source = await models.write({ packaging: 'funasr' });
});
afterEach(async () => {
  await fixture.close();
});
afterAll(async () => {
  await models.remove();
});

const imported = () => store.list().then((list) => list.filter(({ entry }) => entry === null));

/** Deletes what is in a folder. */
async function empty(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name));
}

/** What is hidden in the models directory. */
const hidden = () => readdir(fixture.directory).then((names) => names.filter((name) => name.startsWith('.')));

describe('An imported model', () => {
  it('is found by its name, as what it is, and lives on without what it was made from', async () => {
    const { contentHash } = await recogniseModel(source);
    await writeFile(join(source, 'LICENSE'), 'Do as you please.');
    await writeFile(join(source, 'holiday.jpg'), 'x');
    await store.import(source, 'house-model');
    await empty(source);
    expect(await imported()).toMatchObject([
      {
        state: 'installed',
        model: { name: 'house-model', adapter: 'sensevoice', languages: ['zh', 'en', 'yue', 'ja', 'ko'] },
      },
    ]);
    expect(await store.verify('house-model')).toEqual([]);
    const resolved = await store.resolve('house-model');
    expect(resolved).toMatchObject({ name: 'house-model', adapter: 'sensevoice', contentHash });
    for (const path of Object.values(resolved.files))
      expect(path.startsWith(join(fixture.directory, 'house-model'))).toBe(true);
    const names = await readdir(join(fixture.directory, 'house-model'));
    expect(names).toContain('LICENSE');
    expect(names).not.toContain('holiday.jpg');
    expect(await hidden()).toEqual([]);
  });

  it('bears the name of its folder where none is given', async () => {
    const { model } = await store.import(source, null);
    expect(model.name).toBe(basename(source));
    const spaced = join(fixture.folder, 'my model (1)');
    await symlink(source, spaced);
    expect(await failureOf(store.import(spaced, null))).toMatch(
      /cannot name a model.*Give one with --name\.$/,
    );
  });

  it('is not fetched, and needs no network', async () => {
    await store.import(source, 'house-model');
    expect(await store.pull('house-model')).toEqual([]);
    expect(fixture.registry.seen).toEqual([]);
  });

  it('is held to its hashes', async () => {
    await store.import(source, 'house-model');
    const path = join(fixture.directory, 'house-model/am.mvn');
    await writeFile(path, `${await readFile(path, 'utf8')} `);
    expect(await store.verify('house-model')).toMatchObject([{ file: 'am.mvn', kind: 'damaged' }]);
    const message = await failureOf(store.resolve('house-model'));
    expect(message).toContain('am.mvn is damaged');
    expect(message).toContain('roundtable models remove house-model');
    expect(message).toContain('then import it again');
  });

  it('is not served without its hashes', async () => {
    await store.import(source, 'house-model');
    await rm(join(fixture.directory, 'house-model/SHA256SUMS'));
    expect(await failureOf(store.resolve('house-model'))).toContain('cannot be used: SHA256SUMS is missing');
    await store.remove('house-model');
    expect(await readdir(fixture.directory)).toEqual([]);
  });

  it('is served without a file that came later', async () => {
    await store.import(source, 'house-model');
    const before = await store.resolve('house-model');
    await writeFile(join(fixture.directory, 'house-model/tokens.txt'), 'x');
    expect(await store.resolve('house-model')).toEqual(before);
  });

  it('keeps the languages that its folder was named after, also where that was in an archive', async () => {
    const sherpa = new TinySherpaModels();
    try {
      const folder = await sherpa.write('zipformer-transducer', {}, 'voice-de-fr');
      const { contentHash } = await recogniseModel(folder);
      const archive = join(fixture.folder, 'voice-de-fr.tgz');
      await create({ gzip: true, cwd: join(folder, '..'), file: archive }, [basename(folder)]);
      for (const path of [folder, archive]) {
        await store.import(path, 'house-model');
        const languages = ['de', 'fr'];
        expect(await store.resolve('house-model')).toMatchObject({
          adapter: 'sherpa',
          languages,
          contentHash,
        });
        await store.remove('house-model');
      }
    } finally {
      await sherpa.remove();
    }
  });

  it('has its folders within, where its kind has some', async () => {
    const sherpa = new TinySherpaModels();
    try {
      const folder = await sherpa.write('zipformer-ctc');
      await mkdir(join(folder, 'rules'));
      await writeFile(join(folder, 'rules/itn.fst'), 'x');
      await store.import(folder, 'ruled');
      expect((await store.resolve('ruled')).files).toHaveProperty(
        ['rules/itn.fst'],
        join(fixture.directory, 'ruled/rules/itn.fst'),
      );
      expect(await store.verify('ruled')).toEqual([]);
    } finally {
      await sherpa.remove();
    }
  });

  it('may be imported again, and is not replaced by another one', async () => {
    await store.import(source, 'house-model');
    await store.import(source, 'house-model');
    const other = await models.write({ packaging: 'sherpa-onnx', seed: 5 });
    const message = await failureOf(store.import(other, 'house-model'));
    expect(message).toContain('There is already a model house-model');
    expect(await store.verify('house-model')).toEqual([]);
    expect(await hidden()).toEqual([]);
  });

  it('does not take the place of a folder that is no model', async () => {
    await mkdir(join(fixture.directory, 'holiday'), { recursive: true });
    expect(await failureOf(store.import(source, 'holiday'))).toContain(
      'There is already something named holiday',
    );
    expect(await readdir(join(fixture.directory, 'holiday'))).toEqual([]);
  });

  it('is a copy of what links lead to, as in the cache of a hub', async () => {
    const snapshot = join(fixture.folder, 'snapshot');
    await mkdir(snapshot);
    for (const name of await readdir(source)) await symlink(join(source, name), join(snapshot, name));
    await store.import(snapshot, 'linked');
    const { files } = await store.resolve('linked');
    for (const path of Object.values(files)) expect((await stat(path)).isFile()).toBe(true);
    await empty(source);
    expect(await store.verify('linked')).toEqual([]);
  });

  it('is refused in a sentence, and nothing of it kept, when it is of no kind or incomplete', async () => {
    await rm(join(source, 'am.mvn'));
    expect(await failureOf(store.import(source, 'broken'))).toContain('needs its am.mvn');
    const nothing = join(fixture.folder, 'nothing');
    await mkdir(nothing);
    expect(await failureOf(store.import(nothing, null))).toContain('is no model of a kind that is known');
    expect(await failureOf(store.import(join(fixture.folder, 'nowhere'), null))).toContain(
      'There is nothing at',
    );
    expect(await imported()).toEqual([]);
    expect(await readdir(fixture.directory)).toEqual([]);
  });

  it.each(['../up', 'a/b', '.hidden', '..', '', 'a b', 'x'.repeat(65), '-flag', 'a\\b'])(
    'cannot be named "%s"',
    async (name) => {
      expect(await failureOf(store.import(source, name))).toContain('cannot name a model');
      expect(await failureOf(store.remove(name))).toMatch(/cannot name a model/);
      expect(existsSync(fixture.directory)).toBe(false);
    },
  );

  it('takes a name of the catalogue only with the bytes of the catalogue', async () => {
    expect(await failureOf(store.import(source, 'two-files'))).toContain('lacks its file encoder.onnx');
    const folder = join(fixture.folder, 'two');
    await mkdir(folder);
    await writeFile(join(folder, 'encoder.onnx'), fixture.encoder);
    await writeFile(join(folder, 'decoder.onnx'), noise(300_000, 77));
    expect(await failureOf(store.import(folder, 'two-files'))).toContain(
      'decoder.onnx is not its file: expected',
    );
    await writeFile(join(folder, 'decoder.onnx'), fixture.decoder);
    await store.import(folder, 'two-files');
    expect(await store.verify('two-files')).toEqual([]);
    expect(await imported()).toEqual([]);
    expect(await store.pull('two-files')).toEqual([]);
  });
});

describe('An archive', () => {
  it('is unpacked and imported under its own name', async () => {
    const archive = join(fixture.folder, 'sherpa-voice.tar.gz');
    await create({ gzip: true, cwd: join(source, '..'), file: archive }, [basename(source)]);
    const { model } = await store.import(archive, null);
    expect(model).toMatchObject({ name: 'sherpa-voice', adapter: 'sensevoice' });
    expect(await store.verify('sherpa-voice')).toEqual([]);
    expect(await hidden()).toEqual([]);
  });

  it.each([
    ['with ./ in front', (folder: string) => [join(folder, '..'), `./${basename(folder)}`]],
    [
      'with the folder above',
      (folder: string) => [join(folder, '../..'), relative(join(folder, '../..'), folder)],
    ],
    ['without a folder', (folder: string) => [folder, '.']],
  ] as const)('may hold the model %s, and what is in folders of the model', async (_, packed) => {
    const sherpa = new TinySherpaModels();
    try {
      const folder = await sherpa.write('zipformer-ctc');
      await mkdir(join(folder, 'rules'));
      await writeFile(join(folder, 'rules/itn.fst'), 'x');
      const archive = join(fixture.folder, 'ruled.tgz');
      const [cwd, path] = packed(folder) as [string, string];
      await create({ gzip: true, cwd, file: archive }, path === '.' ? await readdir(folder) : [path]);
      await store.import(archive, null);
      expect((await store.resolve('ruled')).files).toHaveProperty(['rules/itn.fst']);
    } finally {
      await sherpa.remove();
    }
  });

  it.each([
    ['voice.tar.bz2', /tar xjf '.*voice\.tar\.bz2' && roundtable models import 'voice'/],
    ['voice.zip', /unzip '.*voice\.zip'/],
  ])('that cannot be unpacked here, %s, is refused with what to type', async (name, command) => {
    const archive = join(fixture.folder, name);
    await writeFile(archive, noise(1000, 3));
    expect(await failureOf(store.import(archive, null))).toMatch(command);
  });

  it('is named in what is wrong with its content', async () => {
    const archive = join(fixture.folder, 'voice.tar.gz');
    await writeFile(archive, await packTarball({ 'model.onnx': noise(500, 4) }));
    expect(await failureOf(store.import(archive, null))).toMatch(
      new RegExp(`^${archive}/model.onnx is no ONNX`),
    );
  });

  it('that is damaged is refused', async () => {
    const archive = join(fixture.folder, 'voice.tar.gz');
    await writeFile(archive, (await packTarball({ 'model.onnx': noise(50_000, 4) })).subarray(0, 20_000));
    expect(await failureOf(store.import(archive, null))).toContain('damaged');
    expect(await readdir(fixture.directory)).toEqual([]);
  });

  it('writes nothing outside of its own folder', async () => {
    const archive = join(fixture.folder, 'voice.tar.gz');
    const folder = join(fixture.folder, 'evil/inner/most');
    await mkdir(folder, { recursive: true });
    await writeFile(join(fixture.folder, 'evil/escaped.onnx'), 'x');
    await create({ gzip: true, cwd: folder, file: archive, preservePaths: true }, ['../../escaped.onnx']);
    expect(await failureOf(store.import(archive, null))).toContain('is no model of a kind that is known');
    expect(existsSync(join(fixture.directory, 'escaped.onnx'))).toBe(false);
    expect(await readdir(fixture.directory)).toEqual([]);
  });
});

describe('Removing a model', () => {
  it('deletes what was imported, and what was fetched', async () => {
    await store.import(source, 'house-model');
    await store.pull('two-files');
    await store.remove('house-model');
    await store.remove('two-files');
    expect(await readdir(fixture.directory)).toEqual([]);
    expect(await failureOf(store.remove('two-files'))).toContain(
      `The model two-files is not in ${fixture.directory}`,
    );
    expect(await failureOf(store.remove('house-model'))).toContain('There is no model named "house-model"');
  });

  it('leaves a folder alone that is no model', async () => {
    await mkdir(join(fixture.directory, 'holiday'), { recursive: true });
    expect(await failureOf(store.remove('holiday'))).toContain('There is no model named "holiday"');
    expect(await readdir(fixture.directory)).toEqual(['holiday']);
  });

  it('deletes a link, and not what it leads to', async () => {
    await store.pull('two-files');
    const elsewhere = join(fixture.folder, 'elsewhere');
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'encoder.onnx'), fixture.encoder);
    await rm(join(fixture.directory, 'two-files'), { recursive: true });
    await symlink(elsewhere, join(fixture.directory, 'two-files'));
    await store.remove('two-files');
    expect(await readdir(elsewhere)).toEqual(['encoder.onnx']);
    expect(await readdir(fixture.directory)).toEqual([]);
  });
});

describe('The disk', () => {
  it('is looked at before anything is fetched', async () => {
    const file = describeFile('huge.onnx', noise(10, 1), { kind: 'https', url: fixture.registry.url });
    const huge = await fixture.store({
      catalogue: [describeModel('huge', [{ ...file, bytes: 2 ** 50 }])],
    });
    const message = await failureOf(huge.pull('huge'));
    expect(message).toMatch(
      /^huge needs 1125899906\.8 MB more in .*, with 64\.0 MB to spare, and [\d.]+ MB are free there\. Free some/,
    );
    expect(fixture.registry.seen).toEqual([]);
  });
});
