import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectAccessible } from './support/accessibility.ts';
import { chromiumPath, openPage, startBrowser } from './support/chromium.ts';
import { BEGAN_AT_MS, final, partial, ScriptedMeeting } from './support/scripted-meeting.ts';

describe.skipIf(chromiumPath === null)('The page for readers', () => {
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
    page = await openPage(browser, 'about:blank');
    meeting = await ScriptedMeeting.on(page, 'scripted');
  });
  afterEach(() => page.context().close());

  async function open(): Promise<void> {
    await page.goto(`${server.url}/meetings/scripted`);
    await meeting.viewed(1);
  }

  /** Many short captions of two people, who take turns of three. */
  function talk(from: number, count: number) {
    return Array.from({ length: count }, (_, i) => {
      const index = from + i;
      return final(index % 6 < 3 ? 'Ada' : 'Ben', index, `Sentence number ${index} of the meeting.`);
    });
  }

  /** A caption in the transcript; the region for screen readers has the newest, too. */
  function said(text: string): Locator {
    return page.locator('[data-caption]', { hasText: text });
  }

  function inDocument(): Promise<number> {
    return page.locator('[data-caption]').count();
  }

  it('says that nobody has spoken yet, without faults for assistive technology', async () => {
    await open();
    await page.getByRole('heading', { name: 'Nobody has spoken yet.' }).waitFor();
    await expectAccessible(page);
  });

  it('shows what was said before, and then what is said now', async () => {
    meeting.welcome = [{ type: 'history', meeting: 'scripted', captions: talk(0, 3), more: false }];
    await open();
    await said('Sentence number 2 of').waitFor();
    meeting.tell(final('Ben', 3, 'And this is new.'));
    await said('And this is new.').waitFor();
    expect(await page.locator('[data-caption]').allTextContents()).toEqual([
      'Sentence number 0 of the meeting.',
      'Sentence number 1 of the meeting.',
      'Sentence number 2 of the meeting.',
      'And this is new.',
    ]);
  });

  it('gets what was said before that from the transcript, when somebody asks for it', async () => {
    const captions = talk(0, 30).map(({ captionId, streamId, speaker, spokenAtMs, text }) => {
      return { captionId, streamId, speaker, spokenAtMs, text };
    });
    await page.route('**/transcript.json', (route) => route.fulfill({ json: { captions } }));
    meeting.welcome = [{ type: 'history', meeting: 'scripted', captions: talk(28, 2), more: true }];
    await open();
    await page.getByRole('button', { name: 'Show what was said before' }).click();
    await said('Sentence number 0 of').waitFor();
    expect(await inDocument()).toBe(30);
    expect(await page.getByRole('button', { name: 'Show what was said before' }).count()).toBe(0);
  });

  it('says that there is no transcript where nothing was said', async () => {
    await open();
    await page.getByRole('button', { name: 'Download the transcript' }).click();
    await page.getByRole('button', { name: /^txt/ }).click();
    await page.getByRole('alert').getByText('Nothing has been said in this meeting').waitFor();
    await expectAccessible(page);
  });

  it('dims what may still change, and moves no finished line while it does', async () => {
    await open();
    meeting.tell(...talk(0, 3), partial('Ben', 3, 'so what about the', 1, 13));
    await page.locator('.unfinished').waitFor();
    const before = await said('Sentence number 2 of').boundingBox();
    meeting.tell(partial('Ben', 3, 'so what about the weather of tomorrow', 2, 17));
    await page.locator('.unfinished .tail').getByText('weather').waitFor();
    expect(await page.locator('.unfinished').textContent()).toMatch(/^so what about the weather/);
    expect(await said('Sentence number 2 of').boundingBox()).toEqual(before);
    meeting.tell(final('Ben', 3, 'So what about the weather of tomorrow?'));
    await said('So what about the weather of tomorrow?').waitFor();
    expect(await page.locator('.tail').count()).toBe(0);
    expect(await said('Sentence number 2 of').boundingBox()).toEqual(before);
  });

  it('reads finals to screen readers, each once, and nothing that may change', async () => {
    meeting.welcome = [{ type: 'history', meeting: 'scripted', captions: talk(0, 2), more: false }];
    await open();
    const region = page.locator('[aria-live="polite"]');
    expect(await region.count()).toBe(1);
    meeting.tell(partial('Ben', 3, 'so what about it', 1, 10));
    await page.locator('.unfinished').waitFor();
    expect(await region.textContent()).toBe('');
    meeting.tell(final('Ben', 3, 'So what about it?'), final('Ben', 3, 'So what about it?'));
    await region.getByText('Ben: So what about it?').waitFor({ state: 'attached' });
    expect(await region.locator('p').count()).toBe(1);
  });

  it('stays where somebody scrolls back to, counts what comes, and jumps to it', async () => {
    await open();
    meeting.tell(...talk(0, 60));
    await said('Sentence number 59 of').waitFor();
    await page.mouse.move(600, 400);
    await page.mouse.wheel(0, -900);
    await page.getByRole('button', { name: 'Jump to live', exact: true }).waitFor();
    const seen = said('Sentence number 40 of');
    const before = await seen.boundingBox();
    meeting.tell(...talk(60, 3));
    await page.getByRole('button', { name: 'Jump to live (3 new)' }).waitFor();
    expect(await seen.boundingBox()).toEqual(before);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Jump to live (3 new)' }).click();
    await said('Sentence number 62 of').waitFor();
    expect(await said('Sentence number 62 of').isVisible()).toBe(true);
  });

  it('finds words anywhere in the meeting, and marks them', async () => {
    await open();
    meeting.tell(...talk(0, 400), final('Ada', 400, 'We talked about an aardvark.'), ...talk(401, 300));
    await said('Sentence number 700 of').waitFor();
    expect(await page.getByText('aardvark').count()).toBe(0);
    await page.keyboard.press('/');
    await page.getByRole('searchbox', { name: 'Search what was said' }).fill('AARDVARK');
    await page.getByText('1 found').waitFor();
    await page.keyboard.press('Enter');
    const mark = page.locator('mark', { hasText: 'aardvark' });
    await mark.waitFor();
    await page.getByText('1 of 1').waitFor();
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('searchbox').count()).toBe(0);
  });

  it('keeps a few hundred captions in the document, however long the meeting is', async () => {
    await open();
    // Four hours at a caption every four seconds.
    for (let from = 0; from < 3600; from += 600) meeting.tell(...talk(from, 600));
    await said('Sentence number 3599 of').waitFor();
    expect(await inDocument()).toBeLessThanOrEqual(200);
    await page.locator('.transcript').focus();
    for (let press = 0; press < 12; press++) {
      await page.keyboard.press('Home');
      await page.evaluate('new Promise(requestAnimationFrame)');
      expect(await inDocument()).toBeLessThanOrEqual(500);
    }
    await page.keyboard.press('l');
    await said('Sentence number 3599 of').waitFor();
  });

  it('tells when the connection is lost, and shows what was missed when it is back', async () => {
    await open();
    meeting.tell(...talk(0, 1));
    await said('Sentence number 0 of').waitFor();
    meeting.isAway = true;
    await meeting.viewers[0]!.close({ code: 1011, reason: 'gone' });
    await page.getByText('The connection is lost.').waitFor();
    await expectAccessible(page);
    meeting.isAway = false;
    meeting.welcome = [{ type: 'history', meeting: 'scripted', captions: talk(0, 3), more: false }];
    await said('Sentence number 2 of').waitFor();
    expect(await inDocument()).toBe(3);
    expect(await page.getByText('The connection is lost.').count()).toBe(0);
  });

  it('says what is the matter when there is no room', async () => {
    meeting.welcome = [
      {
        type: 'error',
        code: 'viewer-cannot-send',
        message: 'A viewer only reads.',
        retryable: false,
        fatal: true,
      },
    ];
    await open();
    await meeting.viewers[0]!.close({ code: 4400, reason: 'viewer-cannot-send' });
    await page.getByRole('alert').getByText('A viewer only reads.').waitFor();
    await expectAccessible(page);
  });

  it('has settings that are kept, within reach of the keyboard', async () => {
    await open();
    meeting.tell(...talk(0, 3));
    const line = said('Sentence number 2 of');
    await line.waitFor();
    const height = (await line.boundingBox())!.height;
    await page.keyboard.press('+');
    await expect.poll(async () => (await line.boundingBox())!.height).toBeGreaterThan(height);
    await page.getByRole('button', { name: 'How captions look' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('radio', { name: 'Dark' }).check();
    await page.getByRole('radio', { name: 'High' }).check();
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('radio', { name: 'Dark' }).isVisible()).toBe(false);
    await page.reload();
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await page.locator('html').getAttribute('data-contrast')).toBe('more');
    expect(await page.locator('html').getAttribute('data-text-size')).toBe('4');
  });

  it('shows finished captions only to those who want it calm', async () => {
    await open();
    await page.getByRole('button', { name: 'How captions look' }).click();
    await page.getByRole('radio', { name: 'Finished' }).check();
    meeting.tell(partial('Ada', 0, 'so what about it', 1, 10), final('Ben', 1, 'A whole sentence.'));
    await said('A whole sentence.').waitFor();
    expect(await page.locator('.unfinished').count()).toBe(0);
    meeting.tell(final('Ada', 0, 'So what about it?'));
    await said('So what about it?').waitFor();
  });

  it('orders what several people say by when they said it', async () => {
    await open();
    meeting.tell(
      final('Ben', 1, 'Second.', BEGAN_AT_MS + 2000),
      final('Ada', 0, 'First.', BEGAN_AT_MS + 1000),
      final('Ada', 2, 'Third.', BEGAN_AT_MS + 3000),
    );
    await said('Third.').waitFor();
    expect(await page.locator('[data-caption]').allTextContents()).toEqual(['First.', 'Second.', 'Third.']);
    expect(await page.locator('.turn-speaker').allTextContents()).toEqual(['Ada', 'Ben', 'Ada']);
  });
});
