import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

/** Gzipped bytes of an entry with everything it imports, minified. */
async function size(entry: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../client-sdk/${entry}`, import.meta.url))],
    ...{ bundle: true, minify: true, format: 'esm', target: 'es2022', write: false, platform: 'browser' },
  });

  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

describe('The client', () => {
  it('is under 15 KB for a browser, the worklet not counted', async () => {
    expect(await size('browser.ts')).toBeLessThan(15_000);
  });

  it('has a worklet under 3 KB', async () => {
    expect(await size('worklet/capture-worklet.ts')).toBeLessThan(3000);
  });
});
