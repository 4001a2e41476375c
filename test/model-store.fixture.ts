import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Failure } from '../server/failure.ts';
import type { CatalogueEntry, Hub } from '../server/model-store/catalogue-entry.ts';
import type { Progress } from '../server/model-store/progress.ts';
import { ModelStore } from '../server/model-store/store.ts';
import {
  describeFile,
  describeModel,
  noise,
  type Origin,
  packTarball,
  packument,
  startOrigin,
} from './model-store.origin.ts';

export const packageName = '@scope/models';
export const version = '1.2.3';
export const packumentPath = `/${packageName}`;
export const tarballPath = `/${packageName}/-/models-${version}.tgz`;

/** A registry with one package, a catalogue with one two-file model in it, and an empty models directory. */
export interface Fixture {
  readonly folder: string;
  readonly directory: string;
  readonly registry: Origin;
  readonly answers: Parameters<typeof startOrigin>[0];
  readonly encoder: Buffer;
  readonly decoder: Buffer;
  readonly tarball: Buffer;
  readonly model: CatalogueEntry;
  /** A store that reads npm's settings from `folder` and the registry from here. */
  store(options?: {
    catalogue?: readonly CatalogueEntry[];
    env?: NodeJS.ProcessEnv;
    npmrc?: string;
    hub?: string;
    hubBases?: Readonly<Record<Hub, string>>;
  }): Promise<ModelStore>;
  /** Names in the models directory and in the model's folder. */
  contents(): Promise<string[]>;
  close(): Promise<void>;
}

/** Builds the fixture; `close` it after the test. */
export async function openFixture(): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'model-store-'));
  const directory = join(folder, 'models');
  const encoder = noise(200_000, 1);
  const decoder = noise(300_000, 2);
  const tarball = await packTarball({ 'dist/encoder.onnx': encoder, 'dist/decoder.onnx': decoder });
  const answers: Fixture['answers'] = new Map();
  const registry = await startOrigin(answers);
  answers.set(packumentPath, packument(version, new URL(tarballPath, registry.url).href));
  answers.set(tarballPath, tarball);
  const source = { kind: 'npm', package: packageName, version, archiveBytes: tarball.length } as const;
  const model = describeModel('two-files', [
    describeFile('encoder.onnx', encoder, { ...source, path: 'dist/encoder.onnx' }),
    describeFile('decoder.onnx', decoder, { ...source, path: 'dist/decoder.onnx' }),
  ]);
  return {
    folder,
    directory,
    registry,
    answers,
    encoder,
    decoder,
    tarball,
    model,
    async store({ catalogue = [model], env = {}, npmrc = '', ...hubs } = {}) {
      await writeFile(join(folder, '.npmrc'), npmrc);
      return new ModelStore({
        directory,
        catalogue,
        npm: { env: npmEnv(folder, registry.url, env), cwd: folder },
        ...hubs,
      });
    },
    async contents() {
      if (!existsSync(directory)) return [];
      return (await readdir(directory, { recursive: true })).sort();
    },
    async close() {
      registry.server.closeAllConnections();
      registry.server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** npm's environment with nothing of the machine's own settings in it, and one quick retry. */
export function npmEnv(folder: string, registryUrl: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    HOME: folder,
    PREFIX: folder,
    npm_config_registry: registryUrl,
    npm_config_noproxy: '127.0.0.1',
    npm_config_fetch_retries: '1',
    npm_config_fetch_retry_mintimeout: '1',
    ...more,
  };
}

/** A progress that keeps what it is told. */
export function noting(): Progress & { readonly notes: string[]; doneBytes: number; totalBytes: number } {
  return {
    notes: [],
    doneBytes: 0,
    totalBytes: 0,
    start(_, bytes) {
      this.totalBytes += bytes;
    },
    expect(bytes) {
      this.totalBytes += bytes;
    },
    advance(bytes) {
      this.doneBytes += bytes;
    },
    note(sentence) {
      this.notes.push(sentence);
    },
    finish() {},
  };
}

/**
 * A progress that breaks all connections of a server once so many bytes have arrived: what is sent before a connection breaks
 * need not arrive.
 */
export function breakingAt(bytes: number, { server }: Origin): ReturnType<typeof noting> {
  const progress = noting();

  return Object.assign(progress, {
    advance(more: number) {
      progress.doneBytes += more;
      if (progress.doneBytes >= bytes) server.closeAllConnections();
    },
  });
}

/** The message of the Failure that the promise rejects with; the test fails on anything else. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Failure);
  return (error as Failure).message;
}
