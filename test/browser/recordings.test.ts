import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { countWordErrors } from '../../bench/word-error-rate.ts';
import { type Clip, readClips } from '../support/audio.ts';
import { startFlakyProxy } from '../support/flaky-proxy.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectAccessible } from './support/accessibility.ts';
import { chromiumPath, openPage, startBrowser } from './support/chromium.ts';
import { SpeechFiles } from './support/speech-files.ts';

const NO_AUDIO = fileURLToPath(new URL('../fixtures/audio/README.md', import.meta.url));
const KEY = 'browser-0123456789.abc';
const PHONE = { width: 390, height: 844 };

let files: SpeechFiles;
let clips: readonly Clip[];
let folder: string;
let server: RunningServer;
let browser: Browser;
let page: Page;

function card(path: string): Locator {
  return page.locator('.job', { has: page.getByRole('heading', { name: basename(path), exact: true }) });
}

function cardIn(path: string, state: string): Locator {
  return page.locator(`.job[data-state="${state}"]`, {
    has: page.getByRole('heading', { name: basename(path) }),
  });
}

function portOf({ url }: RunningServer): number {
  return Number(new URL(url).port);
}

function choose(...paths: readonly string[]): Promise<void> {
  return page.locator('.drop input[type="file"]').setInputFiles([...paths]);
}

async function openText(path: string): Promise<void> {
  await card(path)
    .getByRole('button', { name: /^Text and player/ })
    .click();
  await card(path).locator('.sentence').first().waitFor();
}

/** The sentence that is played. */
function marked(path: string, index: number): Locator {
  return card(path).locator(`.sentence[data-sentence="${index}"][aria-current="true"]`);
}

async function expectText(path: string, reference: string): Promise<void> {
  const text = (await card(path).locator('.sentence').allTextContents()).join(' ');
  const { errors, words } = countWordErrors(reference, text);
  expect(errors / words).toBeLessThanOrEqual(0.25);
}

function currentTime(): Promise<number> {
  return page.evaluate('document.querySelector("audio").currentTime') as Promise<number>;
}

describe.skipIf(chromiumPath === null)('The page for recordings', () => {
  beforeAll(async () => {
    [files, clips, browser] = await Promise.all([SpeechFiles.open(), readClips(), startBrowser()]);
    folder = await mkdtemp(join(tmpdir(), 'roundtable-recordings-'));
    server = await startRoundtable(['--data-dir', folder, '--max-running-jobs', '1']);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await files?.remove();
    if (folder) await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    page = await openPage(browser, `${server.url}/recordings`);
  });
  afterEach(() => page.context().close());

  it('tells of each of many files how it stands, until they are captioned', async () => {
    const long = await files.write('long.wav', 8, 100);
    const [first, second] = clips as [Clip, Clip];
    await choose(long, NO_AUDIO, first.path, second.path);
    await card(second.path).getByText('ahead of you').waitFor();
    await cardIn(NO_AUDIO, 'refused').getByText('The server cannot read the file.').waitFor();
    await cardIn(long, 'running').getByRole('progressbar').waitFor();
    await expectAccessible(page);
    expect(await page.locator('.jobs-head .standing').textContent()).toMatch(/^\d of 4 done$/);
    for (const path of [first.path, second.path]) await cardIn(path, 'completed').waitFor();
    await page.getByText(/^4 of 4 done$/).waitFor();
    await page
      .locator('[aria-live]')
      .getByText(`${basename(second.path)}: Finished`)
      .waitFor({ state: 'attached' });
    expect(await page.locator('[aria-live]').textContent()).not.toContain('%');
    await openText(first.path);
    await openText(second.path);
    await expectText(first.path, first.reference);
    await expectText(second.path, second.reference);
    await expectAccessible(page);
  });

  it('takes files that are dropped anywhere, and leaves dropped words to the fields', async () => {
    const drop = (place: string, kind: 'file' | 'words') =>
      page.evaluate(`(${DROP})(${JSON.stringify(place)}, ${kind === 'file'})`);
    expect(await drop('h1', 'file')).toEqual({ over: [true, true], isTaken: true });
    await cardIn('dropped.wav', 'refused').waitFor();
    expect(await page.locator('.drop.over').count()).toBe(0);
    expect(await drop('input.input', 'words')).toEqual({ over: [false, false], isTaken: false });
    expect(await page.locator('.job').count()).toBe(1);
  });

  it('saves what was said in each format', async () => {
    const { path } = clips[2]!;
    await choose(path);
    const name = basename(path, '.flac');
    // The only one shows its text by itself.
    await card(path)
      .getByRole('button', { name: /as vtt$/ })
      .waitFor();
    for (const [format, content] of [
      ['vtt', /^WEBVTT\n[\s\S]*00:0\d\.\d{3} --> 00:/],
      ['srt', /^1\n00:00:0\d,\d{3} --> /],
      ['txt', /\w/],
      ['json', /^\{"id":/],
      ['docx', /^PK/],
    ] as const) {
      const coming = page.waitForEvent('download');
      await card(path)
        .getByRole('button', { name: `as ${format}` })
        .click();
      const download = await coming;
      expect(download.suggestedFilename()).toBe(`${name}.${format}`);
      expect(await readFile(await download.path(), 'latin1')).toMatch(content);
    }
  });

  it('plays a recording beside its words, from the sentence that somebody chose', async () => {
    const path = await files.write('follow.wav', 2, 200);
    await choose(path);
    await cardIn(path, 'completed').waitFor();
    const sentences = card(path).locator('.sentence');
    await sentences.nth(2).click();
    await marked(path, 2).waitFor();
    const fromS = await currentTime();
    expect(fromS).toBeGreaterThan(2);
    await marked(path, 3).waitFor();
    expect(await currentTime()).toBeGreaterThan(fromS);
    await expectAccessible(page);
    await page.evaluate('document.querySelector("audio").pause()');

    await sentences.nth(0).press('End');
    const last = (await sentences.count()) - 1;
    expect(await page.evaluate('Number(document.activeElement.dataset.sentence)')).toBe(last);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await marked(path, last - 1).waitFor();
    expect(await page.evaluate('document.querySelector("audio").paused')).toBe(false);
    // Tab leads to the one that is played, and to no other.
    expect(await card(path).locator('.sentence[tabindex="0"]').count()).toBe(1);
    expect(await marked(path, last - 1).getAttribute('tabindex')).toBe('0');
  });

  it('lets somebody read elsewhere while it plays, and goes along again when they come back', async () => {
    await page.setViewportSize({ width: 700, height: 400 });
    const path = await files.write('elsewhere.wav', 3, 300);
    await choose(path);
    await cardIn(path, 'completed').waitFor();
    const scrolledTo = () =>
      page.evaluate('document.querySelector(".job-text").scrollTop') as Promise<number>;
    await card(path).locator('.sentence').nth(0).click();
    await marked(path, 0).waitFor();
    // It plays, so that it has come to where it was sent.
    const beganS = await currentTime();
    await expect.poll(currentTime).toBeGreaterThan(beganS);
    await page.evaluate('document.querySelector(".job-text").scrollTop = 1e6');
    const elsewhere = await scrolledTo();
    expect(elsewhere).toBeGreaterThan(100);
    await marked(path, 1).waitFor();
    expect(await scrolledTo()).toBe(elsewhere);
    await page.evaluate('document.querySelector("audio").currentTime = 1');
    await expect.poll(scrolledTo).toBeLessThan(elsewhere - 50);
  });

  it('goes on after it was loaded anew, with the file chosen once more to listen', async () => {
    const [long, short] = [await files.write('reload.wav', 10, 400), await files.write('after.wav', 1, 450)];
    await choose(long, short);
    await card(short).getByText('1 ahead of you').waitFor();
    await page.reload();
    await card(short).getByText('1 ahead of you').waitFor();
    await cardIn(short, 'completed').waitFor({ timeout: 60_000 });
    await openText(short);
    await card(short).getByText('Choose it once more to listen.').waitFor();
    await expectAccessible(page);
    await card(short).locator('.player input').setInputFiles(NO_AUDIO);
    await card(short).getByText('This browser cannot play the file.').waitFor();
    await expectAccessible(page);
    const lengthS = () => page.evaluate('document.querySelector("audio")?.duration') as Promise<number>;
    await card(short).locator('.player input').setInputFiles(long);
    await expect.poll(lengthS).toBeGreaterThan(100);
    await card(short).locator('.player input').setInputFiles(short);
    await expect.poll(lengthS).toBeLessThan(30);
    await card(short).getByRole('button', { name: 'Choose another file for after.wav' }).waitFor();
    await card(short).locator('.sentence').nth(1).click();
    await marked(short, 1).waitFor();
    await card(long)
      .getByRole('button', { name: /^Remove/ })
      .click();
    await page.reload();
    await card(short).waitFor();
    expect(await page.locator('.job').count()).toBe(1);
  });

  it('cancels what waits and what runs, and does it after all when asked to', async () => {
    const [long, waiting] = [
      await files.write('cancel.wav', 18, 500),
      await files.write('waits.wav', 1, 550),
    ];
    await choose(long, waiting);
    await card(waiting).getByText('1 ahead of you').waitFor();
    await cardIn(long, 'running').waitFor();
    await card(waiting)
      .getByRole('button', { name: /^Cancel/ })
      .click();
    await cardIn(waiting, 'cancelled').waitFor();
    await card(long)
      .getByRole('button', { name: /^Cancel/ })
      .click();
    await cardIn(long, 'cancelled').waitFor();
    await expectAccessible(page);
    await card(waiting)
      .getByRole('button', { name: /^Try again/ })
      .click();
    await cardIn(waiting, 'completed').waitFor();
    await page.getByRole('button', { name: 'Clear what is finished' }).click();
    await page.locator('.job').first().waitFor({ state: 'detached' });
  });

  it('asks for the language where the server knows several, and says what a wrong one is', async () => {
    await page.route('**/v1/status', async (route) => {
      const answer = await route.fetch();
      const { models } = (await answer.json()) as { models: { recognizers: object[] } };
      const recognizers = models.recognizers.map((model) => ({ ...model, languages: ['en', 'zh'] }));
      await route.fulfill({ response: answer, json: { models: { recognizers } } });
    });
    await page.reload();
    await page.getByLabel('What is spoken').selectOption({ label: 'Chinese' });
    const { path } = clips[0]!;
    await choose(path);
    await cardIn(path, 'refused').getByText('The server does not know this language.').waitFor();
    await page.getByLabel('What is spoken').selectOption({ label: 'English' });
    await expectAccessible(page);
    await card(path)
      .getByRole('button', { name: /^Try again/ })
      .click();
    await cardIn(path, 'completed').waitFor();
  });

  it('says which language and model there are, and lets choose where there are several', async () => {
    await page.getByText(/^What is spoken\s*English$/).waitFor();
    await page.getByText(/^Model\s*moonshine-tiny-en$/).waitFor();
    expect(await page.getByRole('combobox').count()).toBe(0);
    const { path } = clips[1]!;
    await page.route('**/v1/status', async (route) => {
      const answer = await route.fetch();
      const report = (await answer.json()) as { models: { recognizers: object[] } };
      const recognizers = [...report.models.recognizers, { name: 'another' }];
      await route.fulfill({ response: answer, json: { ...report, models: { recognizers } } });
    });
    await page.reload();
    await page.getByLabel('Model').selectOption('another');
    await expectAccessible(page);
    await choose(path);
    await cardIn(path, 'refused').getByText('It has moonshine-tiny-en.').waitFor();
    await page.getByLabel('Model').selectOption('moonshine-tiny-en');
    await choose(path);
    await cardIn(path, 'completed').waitFor();
  });

  it('says that it forgets the oldest, where there are more than it remembers', async () => {
    const kept = Array.from({ length: 500 }, (_, i) => ({ id: `gone-${i}`, name: `${i}.wav` }));
    await page.evaluate(
      `localStorage.setItem('roundtable.recordings', ${JSON.stringify(JSON.stringify(kept))})`,
    );
    await page.reload();
    await cardIn('499.wav', 'gone').waitFor();
    const notice = page.getByText('it lists the newest 500 only.');
    expect(await notice.count()).toBe(0);
    await choose(clips[0]!.path);
    await notice.waitFor();
    await cardIn(clips[0]!.path, 'completed').waitFor();
  });

  it('fits a phone, however long names and words are', async () => {
    await page.setViewportSize(PHONE);
    const long = await files.write(`${'a-very-long-name'.repeat(10)}.wav`, 1, 600);
    await choose(NO_AUDIO, long);
    await cardIn(long, 'completed').waitFor();
    await openText(long);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.width);
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  });
});

describe.skipIf(chromiumPath === null)('The page for recordings, when the server', () => {
  beforeAll(async () => {
    [files, clips, browser] = await Promise.all([SpeechFiles.open(), readClips(), startBrowser()]);
    folder = await mkdtemp(join(tmpdir(), 'roundtable-recordings-'));
  });
  afterAll(async () => {
    await browser?.close();
    await files?.remove();
    if (folder) await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await page.context().close();
    await server.stop();
  });

  it('is killed and started again, goes on by itself, and loses nothing', async () => {
    const flags = ['--data-dir', folder, '--max-running-jobs', '1', '--job-backoff-ms', '100'];
    server = await startRoundtable(flags);
    const proxy = await startFlakyProxy(portOf(server));
    page = await openPage(browser, `${proxy.url.replace('ws', 'http')}/recordings`);
    const [first, second] = [
      await files.write('killed.wav', 8, 700),
      await files.write('waiting.wav', 1, 750),
    ];
    await choose(first, second);
    await card(second).getByText('1 ahead of you').waitFor();
    await cardIn(first, 'running').waitFor();
    server.process.kill('SIGKILL');
    await once(server.process, 'exit');
    await page.getByText('The server cannot be reached.').waitFor();
    await expectAccessible(page);
    // Chosen while it is away.
    const { path } = clips[1]!;
    await choose(path);
    await cardIn(path, 'waiting').getByText('This page tries again by itself.').waitFor();
    server = await startRoundtable(flags);
    proxy.redirect(portOf(server));
    for (const each of [first, second, path]) await cardIn(each, 'completed').waitFor({ timeout: 60_000 });
    expect(await page.getByText('The server cannot be reached.').count()).toBe(0);
    await proxy.close();
  });

  it('asks for a key, goes on once it has one, and keeps it out of addresses', async () => {
    const keys = join(folder, 'keys.json');
    await writeFile(keys, JSON.stringify({ keys: [{ name: 'browser', key: KEY }] }));
    server = await startRoundtable(['--keys-file', keys]);
    page = await openPage(browser, 'about:blank');
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await page.goto(`${server.url}/recordings`);
    await page.getByText('This server asks for a key.').waitFor();
    const { path } = clips[0]!;
    await choose(path);
    await cardIn(path, 'waiting').waitFor();
    await expectAccessible(page);
    await page.getByLabel('API key').fill(KEY);
    await page.getByRole('button', { name: 'Continue' }).click();
    await cardIn(path, 'completed').waitFor();
    expect(addresses.filter((address) => address.includes(KEY))).toEqual([]);
  });

  it('has no ffmpeg, decodes in the browser what that can', async () => {
    server = await startRoundtable([], { PATH: folder });
    page = await openPage(browser, `${server.url}/recordings`);
    const { path, reference } = clips[0]!;
    const bytes = (await readFile(path)).toString('base64');
    const webm = (await page.evaluate(`(${RECORD_ANEW})(${JSON.stringify(bytes)})`)) as string;
    const copy = join(folder, 'copy.webm');
    await writeFile(copy, Buffer.from(webm, 'base64'));
    await choose(copy);
    await cardIn(copy, 'completed').waitFor();
    await card(copy).locator('.sentence').first().waitFor();
    await expectText(copy, reference);
  });
});

/** Plays a recording into a MediaRecorder: what a browser makes of it, a WebM file with Opus. */
const RECORD_ANEW = `async (base64) => {
  const context = new AudioContext();
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const source = new AudioBufferSourceNode(context, { buffer: await context.decodeAudioData(bytes.buffer) });
  const target = context.createMediaStreamDestination();
  source.connect(target);
  const recorder = new MediaRecorder(target.stream, { mimeType: 'audio/webm' });
  const pieces = [];
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  recorder.start();
  source.start();
  await new Promise((resolve) => { source.onended = resolve; });
  recorder.stop();
  await new Promise((resolve) => { recorder.onstop = resolve; });
  const reader = new FileReader();
  reader.readAsDataURL(new Blob(pieces));
  await new Promise((resolve) => { reader.onload = resolve; });
  return reader.result.split(',')[1];
}`;

/** Drags something over an element, on to another and back, and drops it there. */
const DROP = `async (place, isFile) => {
  const dataTransfer = new DataTransfer();
  if (isFile) dataTransfer.items.add(new File(['no audio'], 'dropped.wav'));
  else dataTransfer.setData('text/plain', 'dropped words');
  const element = document.querySelector(place);
  const fire = (type, relatedTarget = null) => {
    const event = new DragEvent(type, { dataTransfer, relatedTarget, bubbles: true, cancelable: true });
    element.dispatchEvent(event);
    return event.defaultPrevented;
  };
  const isOver = async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return document.querySelector('.drop.over') !== null;
  };
  fire('dragover');
  const first = await isOver();
  fire('dragleave', document.body);
  return { over: [first, await isOver()], isTaken: fire('drop') };
}`;
