import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countWordErrors } from '../../bench/word-error-rate.ts';
import { writeWav } from '../fixtures/audio/write-wav.ts';
import { encode, readClips } from '../support/audio.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGE = joinPath(ROOT, 'client-sdk');

let server: RunningServer;
/** As somebody has it who installed the package. */
let project: string;
let page: string;

beforeAll(async () => {
  page = await readFile(joinPath(PACKAGE, 'README.md'), 'utf8');
  project = await mkdtemp(joinPath(tmpdir(), 'roundtable-example-'));
  await run(process.execPath, [joinPath(PACKAGE, 'build.mjs')]);
  const installed = joinPath(project, 'node_modules/@roundtable/client');
  await mkdir(installed, { recursive: true });
  for (const name of ['package.json', 'dist']) {
    await cp(joinPath(PACKAGE, name), joinPath(installed, name), { recursive: true });
  }
  await symlink(joinPath(ROOT, 'node_modules/ws'), joinPath(project, 'node_modules/ws'));
  server = await startRoundtable();
});

afterAll(async () => {
  await server?.stop();
  await rm(project, { recursive: true });
});

/** The README's only block in a language. */
function example(language: string): string {
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))];
  expect(blocks).toHaveLength(1);

  return blocks[0]![1]!;
}

describe("The client's README", () => {
  it('has an example for Node that captions a recording', async () => {
    const [clip] = await readClips();
    await writeFile(joinPath(project, 'example.mjs'), example('js'));
    const recording = joinPath(project, 'talk.wav');
    await writeFile(recording, writeWav({ tag: 1, bits: 16 }, encode('pcm_s16le', clip!.samples)));
    const { stdout, stderr } = await run(process.execPath, ['example.mjs', server.url, recording], {
      cwd: project,
    });
    expect(stderr).toBe('');
    const [text, books] = stdout.trimEnd().split('\n');
    const { errors, words } = countWordErrors(clip!.reference, text!);
    expect(errors / words).toBeLessThanOrEqual(0.25);
    expect(books).toBe(`1 captions of ${Math.floor((clip!.samples.length * 1000) / 16_000)} ms`);
  });

  it('has an example for web pages that finds all it imports', async () => {
    const [, script] = /<script type="module">([\s\S]*)<\/script>/.exec(example('html'))!;
    await cp(joinPath(PACKAGE, 'dist/roundtable-client.js'), joinPath(project, 'roundtable-client.js'));
    const { warnings, outputFiles } = await build({
      stdin: { contents: script!, resolveDir: project },
      ...{ bundle: true, format: 'esm', write: false, logLevel: 'silent' },
    });
    expect(warnings).toEqual([]);
    expect(outputFiles[0]!.text).toContain('capture-worklet.js');
  });

  it('has an example for React that finds all it imports, and names no member that is not there', async () => {
    const source = joinPath(project, 'captions.tsx');
    await writeFile(source, example('tsx'));
    // As much of React as the example uses.
    await writeFile(
      joinPath(project, 'react.d.ts'),
      `declare module 'react' {
        export function useEffect(effect: () => () => void, inputs: readonly unknown[]): void;
        export function useState<S>(first: S): [S, (next: S | ((before: S) => S)) => void];
      }
      declare module 'react/jsx-runtime' {
        export namespace JSX { interface IntrinsicElements { p: { key?: string; children?: unknown } } }
      }`,
    );
    const tsc = joinPath(ROOT, 'node_modules/.bin/tsc');
    const flags = [
      '--noEmit',
      '--strict',
      '--jsx',
      'react-jsx',
      '--target',
      'es2023',
      '--module',
      'nodenext',
    ];
    await run(tsc, [...flags, '--types', '', '--lib', 'es2023,dom', source, 'react.d.ts'], {
      cwd: project,
    }).catch(({ stdout }: { readonly stdout: string }) => expect(stdout).toBe(''));
    const { warnings } = await build({
      entryPoints: [source],
      ...{ bundle: true, format: 'esm', write: false, logLevel: 'silent', jsx: 'automatic' },
      external: ['react', 'react/jsx-runtime'],
    });
    expect(warnings).toEqual([]);
  });

  it('names every member and every event there is', async () => {
    const sources = await Promise.all(
      ['speaker/terms.ts', 'viewer/terms.ts', 'capture/terms.ts'].map((name) =>
        readFile(joinPath(PACKAGE, name), 'utf8'),
      ),
    );
    const names = sources.flatMap((source) => [
      ...source.matchAll(/^ {2}(?:readonly )?'?([\w-]+)'?[?(<:]/gm),
    ]);
    expect(names.length).toBeGreaterThan(50);
    for (const [, name] of names) if (name !== 'time') expect(page).toContain(name);
  });
});
