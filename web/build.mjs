// Bundles the pages into dist/web: an .html file for each page, and assets whose names carry a hash of their content.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const WEB = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(WEB);
const OUT = join(ROOT, 'dist/web');
const ASSETS = join(OUT, 'assets');

/** By the name of the .html file. Titles are the English ones until the page's script knows the language. */
const PAGES = {
  index: { entry: 'host/main.tsx', title: 'Roundtable' },
  captions: { entry: 'captions/main.tsx', title: 'Captions · Roundtable' },
  overlay: { entry: 'overlay/main.tsx', title: 'Overlay · Roundtable' },
  recordings: { entry: 'recordings/main.tsx', title: 'Recordings · Roundtable' },
  search: { entry: 'search/main.tsx', title: 'Search · Roundtable' },
  status: { entry: 'status/main.tsx', title: 'Status · Roundtable' },
};

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  metafile: true,
  sourcemap: 'linked',
  // The oldest is what OBS 30 renders its browser sources with.
  target: ['chrome103', 'firefox115', 'safari16'],
  outdir: ASSETS,
  logLevel: 'warning',
};

await rm(OUT, { recursive: true, force: true });
await mkdir(ASSETS, { recursive: true });

const worklet = await build({
  ...COMMON,
  entryPoints: { capture: join(ROOT, 'client-sdk/worklet/capture-worklet.ts') },
  entryNames: '[name]-[hash]',
  format: 'iife',
});
const pages = await build({
  ...COMMON,
  entryPoints: Object.fromEntries(Object.entries(PAGES).map(([name, { entry }]) => [name, join(WEB, entry)])),
  entryNames: '[name]-[hash]',
  chunkNames: 'shared-[hash]',
  format: 'esm',
  splitting: true,
  tsconfig: join(WEB, 'tsconfig.json'),
  define: { CAPTURE_WORKLET_URL: JSON.stringify(assetUrl(entryOutputs(worklet)[0])) },
});

const template = await readFile(join(WEB, 'page.html'), 'utf8');
const icon = await readFile(join(WEB, 'icon.svg'), 'utf8');
const early = (await transform(await readFile(join(WEB, 'early.js'), 'utf8'), { minify: true })).code.trim();

for (const [name, { entry, title }] of Object.entries(PAGES)) {
  await writeFile(join(OUT, `${name}.html`), html(entry, title));
}

function html(entry, title) {
  const [path, output] = Object.entries(pages.metafile.outputs).find(
    ([, { entryPoint }]) => entryPoint === relative(ROOT, join(WEB, entry)),
  );
  const links = [
    ...(output.cssBundle ? [`<link rel="stylesheet" href="${assetUrl(output.cssBundle)}" />`] : []),
    ...output.imports
      .filter(({ kind }) => kind === 'import-statement')
      .map((chunk) => `<link rel="modulepreload" href="${assetUrl(chunk.path)}" />`),
  ];
  const values = {
    title,
    early: `<script>${early}</script>`,
    policy: policy(early),
    icon: `data:image/svg+xml,${encodeURIComponent(icon)}`,
    links: links.join('\n    '),
    script: assetUrl(path),
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, key) => values[key]);
}

/** Nothing comes from elsewhere but captions: the SDK may be pointed at another server. */
function policy(inlineScript) {
  const hash = createHash('sha256').update(inlineScript).digest('base64');

  return [
    "default-src 'self'",
    `script-src 'self' 'sha256-${hash}'`,
    "img-src 'self' data:",
    // A recording that somebody listens to, out of their own browser.
    "media-src 'self' blob:",
    'connect-src * ws: wss:',
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');
}

function entryOutputs({ metafile }) {
  return Object.keys(metafile.outputs).filter((path) => metafile.outputs[path].entryPoint);
}

function assetUrl(path) {
  return `/assets/${basename(path)}`;
}
