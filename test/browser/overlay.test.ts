import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { chromiumPath, openPage, startBrowser } from './support/chromium.ts';
import { final, partial, ScriptedMeeting } from './support/scripted-meeting.ts';

describe.skipIf(chromiumPath === null)('The overlay', () => {
  let server: RunningServer;
  let browser: Browser;
  let page: Page;
  let meeting: ScriptedMeeting;

  beforeAll(async () => {
    server = await startRoundtable([], {}, 'listening');
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    page = await openPage(browser, 'about:blank', { viewport: { width: 1920, height: 1080 } });
    meeting = await ScriptedMeeting.on(page, 'scripted');
  });
  afterEach(() => page.context().close());

  async function open(query = ''): Promise<void> {
    await page.goto(`${server.url}/overlay?meeting=scripted${query}`);
    await meeting.viewed(1);
  }

  it('is transparent but for its lines', async () => {
    await open();
    expect(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor')).toBe(
      'rgba(0, 0, 0, 0)',
    );
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgba(0, 0, 0, 0)');
  });

  it('shows at most two lines of about 40 characters, and every line of a long caption in turn', async () => {
    await open();
    const text = Array.from({ length: 24 }, (_, i) => `word${i}`).join(' ');
    meeting.tell(final('Ada', 0, text));
    await page.getByText('word0 ').waitFor();
    const seen: string[] = [];
    while (!seen.at(-1)?.includes('word23')) {
      const lines = await page.locator('.overlay-lines p').allTextContents();
      expect(lines.length).toBeLessThanOrEqual(2);
      for (const line of lines) {
        expect(line.length).toBeLessThanOrEqual(40);
        if (!seen.includes(line)) seen.push(line);
      }
    }
    expect(seen.join(' ')).toBe(`Ada: ${text}`);
  });

  it('moves no word while others come', async () => {
    await open('&names=off');
    meeting.tell(partial('Ada', 0, 'this is how it begins', 1, 21));
    await page.getByText('this is how it begins').waitFor();
    const before = (await page.locator('.overlay-lines p').first().boundingBox())!;
    meeting.tell(partial('Ada', 0, 'this is how it begins and goes', 2, 30));
    await page.getByText('this is how it begins and goes').waitFor();
    const after = (await page.locator('.overlay-lines p').first().boundingBox())!;
    expect({ x: after.x, y: after.y }).toEqual({ x: before.x, y: before.y });
  });

  it('looks as its address says', async () => {
    await open('&size=64&color=%23ffee00&background=navy&names=off&position=top-left&lines=1');
    meeting.tell(final('Ada', 0, 'Hello.'));
    const line = page.locator('.overlay-lines span').first();
    await line.waitFor();
    expect(await line.textContent()).toBe('Hello.');
    const style = await page.evaluate(
      "(({ fontSize, color, backgroundColor }) => ({ fontSize, color, backgroundColor }))(getComputedStyle(document.querySelector('.overlay-lines span')))",
    );
    expect(style).toEqual({ fontSize: '64px', color: 'rgb(255, 238, 0)', backgroundColor: 'rgb(0, 0, 128)' });
    const box = (await line.boundingBox())!;
    expect(box.y).toBeLessThan(300);
    expect(box.x).toBeLessThan(300);
  });

  it('is empty again some time after the last word', async () => {
    await open('&hideAfterMs=300');
    meeting.tell(final('Ada', 0, 'Hello.'));
    await page.getByText('Hello.').waitFor();
    await page.getByText('Hello.').waitFor({ state: 'detached' });
  });

  it('makes its own address where it is given no meeting', async () => {
    await page.goto(`${server.url}/overlay`);
    await page.getByLabel('Meeting').fill('stand up');
    await page.getByLabel('Lines', { exact: true }).fill('3');
    await page.getByLabel('Lines', { exact: true }).blur();
    await page.getByRole('link', { name: /overlay\?meeting=stand\+up&lines=3$/ }).waitFor();
  });
});
