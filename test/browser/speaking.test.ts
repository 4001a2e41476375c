import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countWordErrors } from '../../bench/word-error-rate.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectAccessible } from './support/accessibility.ts';
import { chromiumPath, openPage, startBrowser } from './support/chromium.ts';
import { type SpokenWav, writeSpokenWav } from './support/spoken-wav.ts';

const FINALS = '.caption:not(.unfinished)';

function finalsOf(page: Page): Promise<string[]> {
  return page.locator(FINALS).allTextContents();
}

describe.skipIf(chromiumPath === null)('Somebody who speaks into the host page', () => {
  let server: RunningServer;
  let wav: SpokenWav;
  let browser: Browser;
  let host: Page;
  let viewers: Page[];

  beforeAll(async () => {
    [server, wav] = await Promise.all([startRoundtable(), writeSpokenWav()]);
    browser = await startBrowser({ wav: wav.path });
    host = await openPage(browser, `${server.url}/?meeting=standup`);
    const path = `${server.url}/meetings/standup`;
    viewers = await Promise.all([openPage(browser, path), openPage(browser, path)]);
    await Promise.all(viewers.map((viewer) => viewer.getByText('Live', { exact: true }).waitFor()));
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await wav?.remove();
  });

  it('sees their own words, and so do two readers', async () => {
    await host.getByLabel('Your name').fill('Ada');
    await host.getByRole('button', { name: 'Start speaking' }).click();
    await host.getByText('You are heard').waitFor();
    await host.locator(FINALS).nth(1).waitFor({ timeout: 40_000 });
    const heard = await finalsOf(host);
    const { errors, words } = countWordErrors(wav.reference, heard.join(' '));
    expect(errors / words).toBeLessThanOrEqual(0.25);
    for (const viewer of viewers) {
      await viewer.locator(FINALS).nth(1).waitFor();
      expect(await finalsOf(viewer)).toEqual(heard);
      expect(await viewer.locator('.turn-speaker').first().textContent()).toBe('Ada');
    }
  });

  it('is read by somebody who comes later', async () => {
    const late = await openPage(browser, `${server.url}/meetings/standup`);
    await late.locator(FINALS).nth(1).waitFor();
    expect(await finalsOf(late)).toEqual(await finalsOf(host));
    await late.context().close();
  });

  it('leaves a page without faults for assistive technology', async () => {
    await expectAccessible(host);
    await expectAccessible(viewers[0]!);
  });

  it('mutes and unmutes by a key', async () => {
    await host.locator('.inside-side').click({ position: { x: 5, y: 5 } });
    await host.keyboard.press('m');
    await host.getByRole('button', { name: 'Unmute' }).waitFor();
    await host.keyboard.press('m');
    await host.getByRole('button', { name: 'Mute', exact: true }).waitFor();
  });

  it('stops, and takes the transcript along', async () => {
    const heard = await finalsOf(host);
    await host.getByRole('button', { name: 'Stop' }).click();
    await host.getByRole('heading', { name: 'You have left the meeting.' }).waitFor();
    await expectAccessible(host);
    const coming = host.waitForEvent('download');
    await host.getByRole('button', { name: /^txt/ }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe('standup.txt');
    const text = await readFile(await download.path(), 'utf8');
    for (const line of heard) expect(text).toContain(line);
  });
});
