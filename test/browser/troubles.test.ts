import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectAccessible } from './support/accessibility.ts';
import { chromiumPath, type Hearing, openPage, startBrowser } from './support/chromium.ts';
import { BEGAN_AT_MS, ScriptedMeeting } from './support/scripted-meeting.ts';

const KEY = 'a-key-for-the-browser-tests';

describe.skipIf(chromiumPath === null)('The host page', () => {
  let server: RunningServer;
  let browser: Browser | null = null;

  beforeAll(async () => {
    server = await startRoundtable([], {}, 'listening');
  });
  afterEach(async () => {
    await browser?.close();
    browser = null;
  });
  afterAll(() => server?.stop());

  async function start(hearing: Hearing): Promise<Page> {
    browser = await startBrowser(hearing);
    const page = await openPage(browser, `${server.url}/?meeting=standup`);
    await page.getByRole('button', { name: 'Start speaking' }).click();

    return page;
  }

  it('says what to do when the browser may not listen', async () => {
    const page = await start('denied');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/may not listen.*Allow the microphone/);
    expect(await page.getByRole('button', { name: 'Start speaking' }).isEnabled()).toBe(true);
    await expectAccessible(page);
  });

  it('says what to do when there is no microphone', async () => {
    const page = await start('no-device');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/no microphone.*Plug one in/);
  });

  it('tells those who wait how many are ahead, and then that they are heard', async () => {
    browser = await startBrowser('no-device');
    const page = await openPage(browser, 'about:blank');
    const scripted = await ScriptedMeeting.on(page, 'standup');
    // A sound of its own in place of a microphone, which this machine has none of.
    await page.addInitScript(
      'navigator.mediaDevices.getUserMedia = async () => { const context = new AudioContext(); const tone = context.createOscillator(); const out = context.createMediaStreamDestination(); tone.connect(out); tone.start(); return out.stream; };',
    );
    await page.goto(`${server.url}/?meeting=standup`);
    await page.getByRole('button', { name: 'Start speaking' }).click();
    await scripted.spoken(1);
    scripted.answer({ type: 'waiting', ahead: 3, expectedWaitMs: 20_000 });
    await page.getByText('3 people are ahead of you.').waitFor();
    await page.getByText('about 20 s').waitFor();
    await expectAccessible(page);
    scripted.answer(
      {
        type: 'ready',
        version: 1,
        streamId: 'stream-ada',
        meeting: 'standup',
        speaker: 'Ada',
        model: 'scripted',
        maxBufferedMs: 60_000,
        resumeToken: 'token',
        resumeWindowMs: 120_000,
        nextFrame: 0,
      },
      { type: 'service', level: 'finals-only', reason: 'inference-backlog' },
    );
    await page.getByText('You are heard').waitFor();
    await page.getByText('The server is very busy.').waitFor();
    expect(await page.getByText('3 people are ahead of you.').count()).toBe(0);
    await scripted.viewed(1);
    scripted.tell({
      type: 'speech-started',
      meeting: 'standup',
      streamId: 'stream-ben',
      speaker: 'Ben',
      segmentId: 0,
      atMs: BEGAN_AT_MS,
    });
    await page.locator('.people').getByText('Ben').waitFor();
    await expectAccessible(page);
  });
});

describe.skipIf(chromiumPath === null)('Pages of a server with keys', () => {
  let folder: string;
  let server: RunningServer;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundtable-keys-'));
    const file = join(folder, 'keys.json');
    await writeFile(file, JSON.stringify({ keys: [{ name: 'browser', key: KEY }] }));
    server = await startRoundtable(['--keys-file', file], {}, 'listening');
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('ask readers for one, and let them in with it', async () => {
    const page = await openPage(browser, `${server.url}/meetings/standup`);
    await page.getByText('This server asks for a key.').waitFor();
    await expectAccessible(page);
    await page.getByLabel('API key').fill('not-the-right-key-at-all');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('The server does not know this key.').waitFor();
    await page.getByLabel('API key').fill(KEY);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Nobody has spoken yet.').waitFor();
    expect(page.url()).not.toContain(KEY);
  });

  it('ask those who search for one, and search with it for what was asked', async () => {
    const page = await openPage(browser, `${server.url}/search#q=nothing`);
    await page.getByText('This server asks for a key.').waitFor();
    await expectAccessible(page);
    await page.getByLabel('API key').fill(KEY);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'Nothing found.' }).waitFor();
  });
});
