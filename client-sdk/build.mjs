// Builds the package into dist/: modules with their types, the worklet, and one file for pages that bundle nothing.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const TSC = fileURLToPath(new URL('../node_modules/.bin/tsc', import.meta.url));

const COMMON = { absWorkingDir: HERE, bundle: true, minify: true, target: 'es2022', logLevel: 'warning' };

rmSync(`${HERE}dist`, { recursive: true, force: true });
execFileSync(TSC, ['-p', HERE, '--noEmit', 'false'], { stdio: 'inherit' });
// Of no use outside of a worklet: it is bundled instead.
rmSync(`${HERE}dist/worklet`, { recursive: true });
await build({
  ...COMMON,
  entryPoints: ['worklet/capture-worklet.ts'],
  outfile: 'dist/capture-worklet.js',
  format: 'iife',
});
await build({
  ...COMMON,
  entryPoints: ['browser.ts'],
  outfile: 'dist/roundtable-client.js',
  format: 'esm',
});
