import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSenseVoice } from '../inference/sensevoice/open-sensevoice.ts';
import { openSherpa } from '../inference/sherpa/open-sherpa.ts';
import { catalogue, defaultModels } from '../server/model-store/catalogue.ts';
import type { CatalogueEntry } from '../server/model-store/catalogue-entry.ts';
import { assertModelName } from '../server/model-store/model-name.ts';
import { partKey } from '../server/model-store/part-key.ts';
import { SenseVoiceModels } from './support/sensevoice-models.ts';
import { type TinyKind, TinySherpaModels } from './support/tiny-sherpa.ts';

const files = catalogue.flatMap((entry) => entry.files.map((file) => ({ entry, file })));

describe('The catalogue', () => {
  it('has each name once, and only such as an import may have', () => {
    const names = catalogue.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) assertModelName(name);
    for (const name of defaultModels) expect(names).toContain(name);
  });

  it('has names that fit a table of 80 characters', () => {
    for (const { name } of catalogue) expect(name.length).toBeLessThanOrEqual(24);
  });

  it('has hashes that are hashes, and no two files under one hash that differ in size', () => {
    const sizes = new Map<string, number | null>();
    for (const { file } of files) {
      if (file.sha256 === null) continue;
      expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(sizes.get(file.sha256) ?? file.bytes).toBe(file.bytes);
      sizes.set(file.sha256, file.bytes);
    }
  });

  it('has no size under two hashes, as a slip of copying would have it', () => {
    const bySize = new Map<number, string>();
    for (const { file } of files) {
      if (file.bytes === null || file.sha256 === null) continue;
      expect(bySize.get(file.bytes) ?? file.sha256).toBe(file.sha256);
      bySize.set(file.bytes, file.sha256);
    }
  });

  it('has repositories that hubs can have, each at a revision', () => {
    for (const { file } of files) {
      if (file.source.kind !== 'hub') continue;
      expect(file.source.repositories.length).toBeGreaterThan(0);
      for (const { id, revision } of file.source.repositories) {
        expect(id).toMatch(/^[\w.-]+\/[\w.-]+$/);
        expect(revision).toMatch(/^([0-9a-f]{40}|main|master)$/);
      }
    }
  });

  it('gives each file an unfinished download of its own', () => {
    const keys = files.map(({ entry, file }) => partKey(entry.name, file.name));
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(key).not.toContain('@');
  });

  it('has languages as tags', () => {
    for (const { languages } of catalogue)
      for (const language of languages) expect(language).toMatch(/^([a-z]{2,3}|\*)$/);
  });
});

/** Small models in place of the real ones, under the names that the catalogue gives the files. */
describe('A model as the catalogue names its files', () => {
  const sherpa = new TinySherpaModels();
  const senseVoice = new SenseVoiceModels();
  afterAll(async () => {
    await Promise.all([sherpa.remove(), senseVoice.remove()]);
  });

  const kinds: readonly (readonly [name: RegExp, kind: TinyKind])[] = [
    [/^paraformer/, 'paraformer'],
    [/^parakeet/, 'nemo-transducer'],
    [/^whisper/, 'whisper'],
    [/^zipformer-ctc/, 'zipformer-ctc'],
    [/^zipformer/, 'zipformer-transducer'],
  ];

  /** The entry's files among those of a folder; the test fails where one is missing. */
  async function filesOf(entry: CatalogueEntry, folder: string): Promise<Record<string, string>> {
    const names = await readdir(folder);
    expect(names).toEqual(expect.arrayContaining(entry.files.map(({ name }) => name)));

    return Object.fromEntries(entry.files.map(({ name }) => [name, join(folder, name)]));
  }

  it.each(catalogue.filter(({ adapter }) => adapter === 'sherpa'))(
    'is opened by sherpa-onnx: $name',
    async (entry) => {
      const kind = kinds.find(([pattern]) => pattern.test(entry.name))![1];
      const folder = await sherpa.write(kind, { ending: '.int8.onnx' }, entry.name);
      if (kind === 'whisper') {
        const size = entry.files[0]!.name.split('-')[0]!;
        for (const name of await readdir(folder))
          await rename(join(folder, name), join(folder, name.replace('tiny', size)));
      }
      const graphs = await openSherpa(await filesOf(entry, folder));
      expect(graphs).not.toBeNull();
      // The tiny Whisper knows only some.
      if (kind !== 'whisper') expect(graphs!.languages.toSorted()).toEqual(entry.languages.toSorted());
    },
  );

  it.each(catalogue.filter(({ adapter }) => adapter === 'sensevoice'))(
    'is opened as SenseVoice: $name',
    async (entry) => {
      const graph = entry.files.find(({ name }) => name.endsWith('.onnx'))!.name;
      const packaging =
        graph === 'model_quant.onnx'
          ? 'funasr'
          : entry.name.startsWith('fun-asr')
            ? 'fun-asr-nano'
            : 'sherpa-onnx';
      const folder = await senseVoice.write({ packaging });
      await rename(join(folder, 'model.onnx'), join(folder, graph));
      const graphs = await openSenseVoice(await filesOf(entry, folder), { graph: 'bytes', itn: true });
      expect(graphs!.layout.languages.toSorted()).toEqual(entry.languages.toSorted());
    },
  );
});
