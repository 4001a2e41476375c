import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countWordErrors } from '../../bench/word-error-rate.ts';
import { readClips } from '../support/audio.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectAccessible } from './support/accessibility.ts';
import { chromiumPath, openPage, startBrowser } from './support/chromium.ts';

const NO_AUDIO = fileURLToPath(new URL('../fixtures/audio/README.md', import.meta.url));

describe.skipIf(chromiumPath === null)('The page for recordings', () => {
  let server: RunningServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    server = await startRoundtable();
    browser = await startBrowser();
    page = await openPage(browser, `${server.url}/recordings`);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it('captions files one after the other, and says which it cannot read', async () => {
    const clips = (await readClips()).slice(0, 2);
    const files = [clips[0]!.path, NO_AUDIO, clips[1]!.path];
    await page.locator('input[type="file"]').setInputFiles(files);
    await page.locator('.job[data-state="done"]').nth(1).waitFor();
    const jobs = page.locator('.job');
    expect(await jobs.nth(1).getAttribute('data-state')).toBe('failed');
    expect(await jobs.nth(1).getByRole('alert').textContent()).toContain('cannot read the file');
    for (const [index, { reference }] of [[0, clips[0]!] as const, [2, clips[1]!] as const]) {
      const text = (await jobs.nth(index).locator('.job-text span').allTextContents()).join(' ');
      const { errors, words } = countWordErrors(reference, text);
      expect(errors / words).toBeLessThanOrEqual(0.25);
    }
    await expectAccessible(page);
  });

  it('saves the text with times of the recording', async () => {
    const coming = page.waitForEvent('download');
    await page
      .getByRole('button', { name: /as vtt$/ })
      .first()
      .click();
    const download = await coming;
    expect(download.suggestedFilename()).toMatch(/\.vtt$/);
    const text = await readFile(await download.path(), 'utf8');
    expect(text).toMatch(/^WEBVTT\n\n00:00:0\d\.\d{3} --> 00:00:0\d\.\d{3}\n\S/);
  });
});
