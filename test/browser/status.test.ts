import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStream } from '../integration/speech.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectAccessible } from './support/accessibility.ts';
import { chromiumPath, openPage, startBrowser } from './support/chromium.ts';

describe.skipIf(chromiumPath === null)('The page for operators', () => {
  let server: RunningServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    server = await startRoundtable();
    browser = await startBrowser();
    page = await openPage(browser, `${server.url}/status`);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  function figure(name: string): Promise<string | null> {
    return page.locator('.figure', { hasText: name }).locator('dd').textContent();
  }

  it('shows what the server does, and goes on showing it', async () => {
    await page.getByText('Everybody gets captions word by word.').waitFor();
    expect(await figure('people speaking')).toBe('0');
    const stream = await openStream(server);
    await expect.poll(() => figure('people speaking'), { timeout: 10_000 }).toBe('1');
    expect(await page.getByText('moonshine-tiny-en').count()).toBeGreaterThan(0);
    await expectAccessible(page);
    stream.send({ type: 'stop' });
    await stream.closed;
    await expect.poll(() => figure('people speaking'), { timeout: 10_000 }).toBe('0');
  });

  it('says so when the server is gone', async () => {
    await server.stop();
    await page.getByRole('alert').getByText('The server does not answer.').waitFor();
    await expectAccessible(page);
  });
});

describe.skipIf(chromiumPath === null)('The page for operators, of a server that misses a GPU', () => {
  it('says what is not in use and why, and where the work is done', async () => {
    // There is none of that number anywhere.
    const server = await startRoundtable(['--devices', 'cuda:63,cpu']);
    const browser = await startBrowser();
    try {
      const page = await openPage(browser, `${server.url}/status`);
      await page.getByText('cuda:63 is not in use: the processor does its work.').waitFor();
      expect(await page.locator('.rows div', { hasText: 'Runs on' }).locator('dd').textContent()).toBe(
        'cpu × 2',
      );
      await expectAccessible(page);
    } finally {
      await browser.close();
      await server.stop();
    }
  });
});
