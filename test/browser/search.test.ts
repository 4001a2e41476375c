import { readFile } from 'node:fs/promises';
import type { Browser, Locator, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jobUntil, submitJob } from '../integration/jobs.ts';
import { readClips } from '../support/audio.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectAccessible } from './support/accessibility.ts';
import { chromiumPath, openPage, startBrowser } from './support/chromium.ts';
import { BEGAN_AT_MS, final, ScriptedMeeting } from './support/scripted-meeting.ts';

const PHONE = { width: 390, height: 844 };

describe.skipIf(chromiumPath === null)('The page that searches', () => {
  let server: RunningServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [server, browser] = await Promise.all([startRoundtable(), startBrowser()]);
    // What is said in meetings, from recordings: "… accusing people of being shoppy …", "… the bondage …".
    for (const [index, { path }] of (await readClips()).entries()) {
      const bytes = await readFile(path);
      const { id } = await submitJob(server.url, bytes, {
        meeting: index < 2 ? 'North & South' : '出埃及记',
        speaker: ['Ada', 'Ben', 'Cleo', 'Dan'][index]!,
      });
      await jobUntil(server.url, id);
    }
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    page = await openPage(browser, `${server.url}/search`);
  });
  afterEach(() => page.context().close());

  function field(): Locator {
    return page.getByRole('searchbox');
  }

  function hits(): Locator {
    return page.locator('.hit');
  }

  /** Has a request wait for an answer. */
  async function holdBack(address: RegExp): Promise<{ readonly asked: Promise<Route> }> {
    let take = (_: Route) => {};
    const asked = new Promise<Route>((resolve) => {
      take = resolve;
    });
    await page.route(address, (route) => take(route));

    return { asked };
  }

  it('finds what was said, marks it, and says who said it when and where', async () => {
    await field().fill('SHOPPY accus');
    await hits().first().waitFor();
    expect(await hits().count()).toBe(1);
    expect(await hits().locator('mark').allTextContents()).toEqual(['accusing', 'shoppy']);
    const head = await hits().locator('.hit-head').textContent();
    expect(head).toMatch(/^BenNorth & South\d+ \w+ \d{4}, \d\d:\d\d$/);
    await page.getByText('One caption found').waitFor();
    await expectAccessible(page);
    await field().fill('"people shoppy"');
    await page.getByRole('heading', { name: 'Nothing found.' }).waitFor();
    await expectAccessible(page);
  });

  it('leads to the place in the meeting, and back to what was found', async () => {
    await field().fill('bondage');
    await hits().getByRole('link').first().click();
    const caption = page.locator('.caption.current');
    await caption.waitFor();
    expect(await caption.textContent()).toContain('bondage');
    expect(new URL(page.url()).pathname).toBe(`/meetings/${encodeURIComponent('出埃及记')}`);
    await page.goBack();
    await hits().first().waitFor();
    expect(await field().inputValue()).toBe('bondage');
  });

  it('keeps what is looked for out of what the server is asked for as a page', async () => {
    await field().fill('bondage');
    await hits().first().waitFor();
    const { search, hash } = new URL(page.url());
    expect([search, hash]).toEqual(['', '#q=bondage']);
  });

  it('lists what is kept, and searches in one meeting of it', async () => {
    const meeting = page.locator('.meeting', { hasText: 'North & South' });
    expect(await meeting.textContent()).toMatch(/^North & South\d.+\d+ captions.*Ada.*Ben/);
    await page.getByRole('button', { name: 'Search in North & South' }).click();
    await page.getByText('Only in “North & South”').waitFor();
    await field().fill('bondage');
    await page.getByRole('heading', { name: 'Nothing found.' }).waitFor();
    await page.getByRole('button', { name: 'Search everywhere' }).click();
    await hits().first().waitFor();
  });

  it('deletes a meeting after asking once more, and for nobody who thinks better of it', async () => {
    const bytes = await readFile((await readClips())[0]!.path);
    const { id } = await submitJob(server.url, bytes, { meeting: 'a mistake', speaker: 'Ada' });
    await jobUntil(server.url, id);
    await page.reload();
    const button = page.getByRole('button', { name: 'Delete a mistake' });
    await button.click();
    await page.getByRole('dialog', { name: 'Delete “a mistake”?' }).waitFor();
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Delete a mistake');

    await button.click();
    await page.route('**/v1/meetings/*', (route) => route.abort());
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByRole('dialog').getByText('The server cannot be reached.').waitFor();
    await page.unroute('**/v1/meetings/*');
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.locator('[aria-live]').getByText('“a mistake” was deleted.').waitFor({ state: 'attached' });
    expect(await button.count()).toBe(0);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('What is kept');
    const answer = await fetch(`${server.url}/v1/meetings`);
    const { meetings } = (await answer.json()) as { meetings: { meeting: string }[] };
    expect(meetings.map(({ meeting }) => meeting)).not.toContain('a mistake');
  });

  it('says that a meeting is deleted only where the server says that it is no more', async () => {
    const button = page.getByRole('button', { name: 'Delete 出埃及记' });
    await button.click();
    await page.route('**/v1/meetings/*', (route) =>
      route.fulfill({ status: 404, contentType: 'text/plain', body: 'There is no such path.\n' }),
    );
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByRole('dialog').getByText('Something went wrong.').waitFor();
    await expectAccessible(page);
    await page.unroute('**/v1/meetings/*');
    await page.getByRole('button', { name: 'Keep it' }).click();
    expect(await button.count()).toBe(1);
    expect(await page.getByText('was deleted').count()).toBe(0);

    // Somebody else was faster.
    await page.route('**/v1/meetings/*', (route) =>
      route.fulfill({ status: 404, headers: { 'roundtable-error': 'unknown-meeting' } }),
    );
    await button.click();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByText('“出埃及记” was deleted.').waitFor({ state: 'attached' });
    expect(await button.count()).toBe(0);
  });

  it('keeps the question there while a meeting is being deleted', async () => {
    const button = page.getByRole('button', { name: 'Delete 出埃及记' });
    await button.click();
    const held = await holdBack(/\/v1\/meetings\//);
    await page.getByRole('button', { name: 'Delete for good' }).click();
    const route = await held.asked;
    expect(await page.getByRole('button', { name: 'Keep it' }).isDisabled()).toBe(true);
    // The second one browsers let nobody keep from closing it.
    for (let i = 0; i < 3; i++) await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Delete “出埃及记”?' }).waitFor();
    await route.fulfill({ status: 204 });
    await page.getByText('“出埃及记” was deleted.').waitFor({ state: 'attached' });
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('What is kept');
  });

  it('does not show a meeting again that was deleted while more were asked for', async () => {
    const kept = (meeting: string) => ({
      ...{ meeting, captions: 1, speakers: ['Ada'] },
      ...{ firstSpokenAtMs: BEGAN_AT_MS, lastSpokenAtMs: BEGAN_AT_MS },
    });
    await page.route('**/v1/meetings', (route) =>
      route.fulfill({ json: { meetings: [kept('first'), kept('second')], next: 'there' } }),
    );
    const held = await holdBack(/\/v1\/meetings\?before=/);
    await page.route('**/v1/meetings/*', (route) => route.fulfill({ status: 204 }));
    await page.reload();
    await page.getByRole('button', { name: 'Show more' }).click();
    const more = await held.asked;
    for (const name of ['first', 'second']) {
      await page.getByRole('button', { name: `Delete ${name}` }).click();
      await page.getByRole('button', { name: 'Delete for good' }).click();
      await page.getByText(`“${name}” was deleted.`).waitFor({ state: 'attached' });
    }
    // The page was made before one of them went.
    await more.fulfill({ json: { meetings: [kept('second'), kept('third')], next: null } });
    await page.getByRole('link', { name: 'third' }).waitFor();
    expect(await page.locator('.meeting h3').allTextContents()).toEqual(['third']);
  });

  it('shows more on demand, from where one was', async () => {
    await page.route('**/v1/search?*', (route) => {
      const after = new URL(route.request().url()).searchParams.get('after');
      const from = after === null ? 0 : Number(after);
      const found = Array.from({ length: 20 }, (_, i) => ({
        caption: final('Ada', from + i, `Word ${from + i}.`),
        marks: [[0, 4]],
      }));

      return route.fulfill({ json: { hits: found, next: from === 0 ? '20' : null } });
    });
    await field().fill('word');
    await page.getByText('The newest 20').waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByText('40 captions found').waitFor();
    expect(await hits().last().textContent()).toContain('Word 39.');
    // Who came by the keyboard reads on with the first of the new ones.
    expect(
      await page.evaluate('[...document.querySelectorAll(".hit a")].indexOf(document.activeElement)'),
    ).toBe(20);
  });

  it('says that nothing is kept, where that is so', async () => {
    await page.route('**/v1/meetings', (route) => route.fulfill({ json: { meetings: [], next: null } }));
    await page.reload();
    await page.getByText('Nothing is kept yet.').waitFor();
    await expectAccessible(page);
  });

  it('says so when the store is away, and searches again when asked to', async () => {
    await page.route('**/v1/search?*', (route) =>
      route.fulfill({ status: 503, headers: { 'retry-after': '5' }, body: 'What is stored cannot be had.' }),
    );
    await field().fill('bondage');
    await page.getByText('The server cannot answer now.').waitFor();
    await expectAccessible(page);
    await page.unroute('**/v1/search?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await hits().first().waitFor();
  });

  it('fits a phone, in the dark too', async () => {
    await page.setViewportSize(PHONE);
    await page.emulateMedia({ colorScheme: 'dark' });
    await field().fill('o');
    await page
      .getByText(/found|Nothing/)
      .first()
      .waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.width);
    await field().fill('bondage');
    await hits().first().waitFor();
    await expectAccessible(page);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  });

  it('leads to captions that were said before the history of the meeting, too', async () => {
    const meeting = await ScriptedMeeting.on(page, 'scripted');
    const said = Array.from({ length: 300 }, (_, i) => final('Ada', i, `Sentence number ${i}.`));
    meeting.welcome = [{ type: 'history', meeting: 'scripted', captions: said.slice(200), more: true }];
    await page.route('**/v1/meetings/scripted/transcript.json', (route) =>
      route.fulfill({ json: { meeting: 'scripted', captions: said, startedAtMs: BEGAN_AT_MS } }),
    );
    await page.goto(`${server.url}/meetings/scripted#caption=${encodeURIComponent(said[7]!.captionId)}`);
    const caption = page.locator('.caption.current');
    await caption.waitFor();
    expect(await caption.textContent()).toBe('Sentence number 7.');
    // It is in sight, among others.
    const box = (await caption.boundingBox())!;
    expect(box.y).toBeGreaterThan(50);
    expect(box.y).toBeLessThan(750);
  });
});
