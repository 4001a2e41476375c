import { describe, expect, it } from 'vitest';
import { catalogue, defaultModels } from '../server/model-store/catalogue.ts';
import { assertModelName } from '../server/model-store/model-name.ts';
import { partKey } from '../server/model-store/part-key.ts';

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
