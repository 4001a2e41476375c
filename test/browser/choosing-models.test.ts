import { basename } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { SenseVoiceModels } from '../support/sensevoice-models.ts';
import { expectAccessible } from './support/accessibility.ts';
import { chromiumPath, openPage, startBrowser } from './support/chromium.ts';
import { type SpokenWav, writeSpokenWav } from './support/spoken-wav.ts';

const PHONE = { width: 390, height: 844 };

describe.skipIf(chromiumPath === null)('Somebody who speaks to a server with several models', () => {
  const models = new SenseVoiceModels();
  let sense: string;
  let server: RunningServer;
  let wav: SpokenWav;
  let browser: Browser;
  let page: Page;
  /** Texts that the page sent over its WebSockets. */
  const sent: string[] = [];

  beforeAll(async () => {
    const folder = await models.write({ packaging: 'sherpa-onnx', seed: 3 });
    sense = basename(folder);
    [server, wav] = await Promise.all([
      startRoundtable(['--model', `moonshine-tiny-en,${folder}`]),
      writeSpokenWav(),
    ]);
    browser = await startBrowser({ wav: wav.path });
    page = await openPage(browser, `${server.url}/?meeting=standup`, { viewport: PHONE });
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => void (typeof payload === 'string' && sent.push(payload))),
    );
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await wav?.remove();
    await models.remove();
  });

  const languages = () => page.getByLabel('What is spoken').locator('option').allTextContents();

  it('chooses among the languages of all models, and of the one that is chosen', async () => {
    await page.getByLabel('What is spoken').waitFor();
    expect((await languages()).slice(0, 3)).toEqual(['English, as usual', 'The server finds out', 'English']);
    expect(await languages()).toContain('Cantonese');
    await page.getByLabel('Model').selectOption('moonshine-tiny-en');
    expect(await page.getByLabel('What is spoken').count()).toBe(0);
    await page.getByLabel('Model').selectOption(sense);
    expect((await languages())[0]).toBe('The server finds out');
    await expectAccessible(page);
  });

  it('is heard by what was chosen, which the browser remembers', async () => {
    await page.getByLabel('What is spoken').selectOption({ label: 'Cantonese' });
    await page.reload();
    await page.getByLabel('Model').waitFor();
    expect(await page.getByLabel('Model').inputValue()).toBe(sense);
    await page.getByRole('button', { name: 'Start speaking' }).click();
    await page.getByText('You are heard').waitFor();
    const start = sent.map((text) => JSON.parse(text)).find(({ type }) => type === 'start');
    expect(start).toMatchObject({ model: sense, language: 'yue' });
    await page.locator('.caption[lang=yue]').first().waitFor({ timeout: 40_000 });
  });
});
