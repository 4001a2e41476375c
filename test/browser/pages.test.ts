import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectAccessible } from './support/accessibility.ts';
import { chromiumPath, openPage, startBrowser } from './support/chromium.ts';

const PATHS = [
  '/',
  '/meetings/weekly%20standup%20of%20everybody',
  '/overlay',
  '/recordings',
  '/search',
  '/status',
];
const PHONE = { width: 390, height: 844 };

describe.skipIf(chromiumPath === null)('Every page', () => {
  let server: RunningServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await startRoundtable([], {}, 'listening');
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  for (const path of PATHS) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`has no faults for assistive technology: ${path}, ${colorScheme}, on a phone`, async () => {
        const page = await openPage(browser, server.url + path, { colorScheme, viewport: PHONE });
        await page.getByRole('heading', { level: 1 }).waitFor();
        await expectAccessible(page);
        await page.context().close();
      });
    }

    it(`fits the width of a phone: ${path}`, async () => {
      const page = await openPage(browser, server.url + path, { viewport: { width: 320, height: 640 } });
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
      await page.setViewportSize(PHONE);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
      await page.context().close();
    });

    it(`speaks Chinese to those whose browser does, and says so: ${path}`, async () => {
      const page = await openPage(browser, server.url + path, { locale: 'zh-CN' });
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect(await page.locator('html').getAttribute('lang')).toBe('zh-Hans');
      expect(await page.getByRole('button', { name: 'English' }).isVisible()).toBe(true);
      await page.context().close();
    });

    it(`asks nobody but its own server for anything: ${path}`, async () => {
      const page = await openPage(browser, 'about:blank');
      const hosts = new Set<string>();
      const faults: string[] = [];
      page.on('request', (request) => hosts.add(new URL(request.url()).host));
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text());
      });
      page.on('pageerror', (error) => faults.push(error.message));
      await page.goto(server.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      hosts.delete('');
      expect([...hosts]).toEqual([new URL(server.url).host]);
      expect(faults).toEqual([]);
      await page.context().close();
    });
  }

  it('remembers the language that somebody chose', async () => {
    const page = await openPage(browser, server.url);
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('button', { name: '开始发言' }).waitFor();
    await page.goto(`${server.url}/recordings`);
    await page.getByRole('heading', { name: '给录音加字幕。' }).waitFor();
    expect(await page.title()).toBe('录音 · Roundtable');
    await page.context().close();
  });

  it('can be reached by the keyboard from the first key on', async () => {
    const page = await openPage(browser, server.url);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the contents');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('contents');
    await page.context().close();
  });
});
