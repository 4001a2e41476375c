import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where Chromium is; null where it is not. */
export const chromiumPath: string | null = findChromium();

if (chromiumPath === null) {
  console.warn(
    'The browser tests are skipped: there is no Chromium here. Install it (on Debian: apt-get install chromium), or name it in CHROMIUM_PATH.',
  );
}

function findChromium(): string | null {
  const named = process.env.CHROMIUM_PATH;

  return [...(named ? [named] : []), ...PLACES].find((path) => existsSync(path)) ?? null;
}

/**
 * What the browser hears: a wav file as its microphone, once; no device at all; or a person who says no.
 */
export type Hearing = { readonly wav: string } | 'no-device' | 'denied';

/** Starts a browser. Close it. */
export function startBrowser(hearing: Hearing = 'no-device'): Promise<Browser> {
  const microphone =
    hearing === 'denied'
      ? ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream=deny']
      : hearing === 'no-device'
        ? ['--use-fake-ui-for-media-stream']
        : [
            '--use-fake-ui-for-media-stream',
            '--use-fake-device-for-media-stream',
            `--use-file-for-fake-audio-capture=${hearing.wav}%noloop`,
          ];

  return chromium.launch({
    executablePath: chromiumPath!,
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', ...microphone],
  });
}

/** A page in a context of its own, as a person with a browser of their own has. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const page = await context.newPage();
  await page.goto(url);

  return page;
}
