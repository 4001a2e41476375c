import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FinalMessage, HistoryMessage } from '../../client-sdk/protocol.ts';
import { type Clip, readClips } from '../support/audio.ts';
import { EventReader } from '../support/event-reader.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { readSrt, readVtt } from '../support/subtitles.ts';
import { expectFatal, openStream, speak } from './speech.ts';

const MEETING = 'stand-up / élan & 会議';
const KEY = 'acme-0123456789.abc';
const PAGE = 'https://captions.example';

let server: RunningServer;
let keyed: RunningServer;
let folder: string;
let clips: readonly Clip[];
/** What the two speakers of the meeting were told. */
let finals: readonly FinalMessage[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundtable-outputs-'));
  const keys = join(folder, 'keys.json');
  const sha256 = createHash('sha256').update(KEY).digest('hex');
  await writeFile(keys, JSON.stringify({ keys: [{ name: 'Northwind', sha256 }] }));
  [server, keyed, clips] = await Promise.all([
    startRoundtable(['--allowed-origins', `self,${PAGE}`]),
    startRoundtable(['--keys-file', keys, '--allowed-origins', `self,${PAGE}`]),
    readClips(),
  ]);
  const ada = await speak(server, clips[0]!.samples, { meeting: MEETING, speaker: 'Ada' });
  const grace = await speak(server, clips[3]!.samples, { meeting: MEETING, speaker: 'Grace' });
  finals = [...ada.all('final'), ...grace.all('final')].sort((a, b) => a.spokenAtMs - b.spokenAtMs);
});

afterAll(async () => {
  await Promise.all([server.stop(), keyed.stop()]);
  await rm(folder, { recursive: true });
});

function path(what: string, meeting = MEETING): string {
  return `${server.url}/v1/meetings/${encodeURIComponent(meeting)}/${what}`;
}

const words = (lines: readonly string[]) => lines.join(' ').replaceAll(/\s+/g, ' ');

describe('A transcript over HTTP', () => {
  it('has what every speaker was told, by name, as text', async () => {
    const response = await fetch(path('transcript.txt'));
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const text = await response.text();
    for (const final of finals) expect(text).toContain(final.text);
    expect(text).toContain(' Ada: ');
    expect(text).toContain(' Grace: ');
  });

  it('is SubRip and WebVTT that can be read, in the order it was spoken', async () => {
    const srt = readSrt(await (await fetch(path('transcript.srt'))).text());
    const vtt = readVtt(await (await fetch(path('transcript.vtt'))).text());
    expect(words(vtt.flatMap(({ lines }) => lines))).toBe(words(finals.map(({ text }) => text)));
    expect([...new Set(vtt.map(({ voice }) => voice))]).toEqual(['Ada', 'Grace']);
    expect(srt[0]!.startMs).toBe(0);
    expect(srt[0]!.lines[0]).toMatch(/^Ada: /);
  });

  it('is JSON, and a Word document with a name', async () => {
    const transcript = (await (await fetch(path('transcript.json'))).json()) as { captions: FinalMessage[] };
    expect(transcript.captions.map(({ captionId }) => captionId)).toEqual(
      finals.map(({ captionId }) => captionId),
    );
    const word = await fetch(path('transcript.docx'));
    expect(word.headers.get('content-disposition')).toBe(
      `attachment; filename="stand-up_-__lan_____.docx"; filename*=UTF-8''stand-up%20-%20%C3%A9lan%20%26%20%E4%BC%9A%E8%AD%B0.docx`,
    );
    expect(new TextDecoder().decode((await word.arrayBuffer()).slice(0, 2))).toBe('PK');
  });

  it('is of a stretch of time where one is named', async () => {
    const last = finals.at(-1)!;
    const after = new Date(last.spokenAtMs - 1).toISOString();
    for (const query of [`from=${last.spokenAtMs}`, `after=${after}`]) {
      const { captions } = (await (await fetch(path(`transcript.json?${query}`))).json()) as {
        captions: object[];
      };
      expect(captions).toHaveLength(1);
    }
    const none = await fetch(path(`transcript.txt?to=${finals[0]!.spokenAtMs}`));
    expect([none.status, await none.text()]).toEqual([200, '']);
    const wrong = await fetch(path('transcript.txt?from=yesterday'));
    expect(wrong.status).toBe(422);
    expect(await wrong.text()).toContain('from has to be a time such as');
  });

  it('is not sent again to those who have it', async () => {
    const etag = (await fetch(path('transcript.vtt'))).headers.get('etag')!;
    const again = await fetch(path('transcript.vtt'), { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const head = await fetch(path('transcript.vtt'), { method: 'HEAD' });
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, '']);
  });

  it('is not there for a meeting of which nothing is stored, and says why', async () => {
    const response = await fetch(path('transcript.txt', 'nobody'));
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('No captions of this meeting are stored');
    expect((await fetch(path('transcript.txt', '\0'))).status).toBe(422);
    expect((await fetch(path('transcript.pdf'))).status).toBe(404);
  });

  it('may be read by pages of allowed origins only, with a key where one is needed', async () => {
    const allowed = await fetch(path('transcript.txt'), { headers: { origin: PAGE } });
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([200, PAGE]);
    expect(
      (await fetch(path('transcript.txt'), { headers: { origin: 'https://evil.example' } })).status,
    ).toBe(403);
    const url = `${keyed.url}/v1/meetings/standup/transcript.txt`;
    const refused = await fetch(url);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect((await fetch(`${url}?key=wrong`)).status).toBe(401);
    expect((await fetch(`${url}?key=${KEY}`)).status).toBe(404);
    expect((await fetch(url, { headers: { authorization: `Bearer ${KEY}` } })).status).toBe(404);
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: PAGE } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
  });
});

describe('A viewer that asks for history', () => {
  async function watch(history: string): Promise<RawClient> {
    const url = path(`captions?history=${history}`).replace('http', 'ws');

    return RawClient.connect(url);
  }

  it('is told once what was said before, behind "watching"', async () => {
    const viewer = await watch('1000');
    const history = await viewer.next('history');
    expect(viewer.messages.map(({ type }) => type)).toEqual(['watching', 'history']);
    expect(history).toEqual({ type: 'history', meeting: MEETING, captions: finals, more: false });
    viewer.close();
  });

  it('is told the newest, and that there are more', async () => {
    const viewer = await watch('1');
    const { captions, more } = await viewer.next('history');
    expect([captions, more]).toEqual([[finals.at(-1)], true]);
    viewer.close();
  });

  it.each(['1001', '-1', 'all'])('of %s finals is refused', async (history) => {
    const error = await expectFatal(await watch(history), 'out-of-range');
    expect(error.message).toContain('history has to be a whole number from 0 to 1000.');
  });
});

describe('Server-sent events', () => {
  it('are what a viewer on a WebSocket receives, message by message', async () => {
    const meeting = 'events';
    const viewer = await RawClient.connect(path('captions', meeting).replace('http', 'ws'));
    await viewer.next('watching');
    const events = await EventReader.open(path('events', meeting));
    await events.next('watching');
    await speak(server, clips[3]!.samples, { meeting, speaker: 'Ada' });
    await Promise.all([viewer.next('speaker-left'), events.next('speaker-left')]);
    expect(events.all().map(({ data }) => data)).toEqual(viewer.messages);
    for (const { event, data } of events.all()) expect(event).toBe(data.type);
    expect(
      events
        .all()
        .filter(({ id }) => id !== '')
        .map(({ event }) => event),
    ).toEqual(['final']);
    events.close();
    viewer.close();
  });

  it('begin with history, or with what was missed since the last one', async () => {
    const first = await EventReader.open(path('events?history=10'));
    const { data } = await first.next('history');
    expect((data as HistoryMessage).captions).toEqual(finals);
    first.close();
    const id = `${finals[0]!.spokenAtMs}-${finals[0]!.captionId}`;
    const second = await EventReader.open(path('events?history=10'), { 'last-event-id': id });
    expect((await second.next('final')).data).toEqual(finals[1]);
    second.close();
  });

  it('count as viewers until they are closed', async () => {
    const viewers = async () =>
      ((await (await fetch(`${server.url}/v1/status`)).json()) as { viewers: number }).viewers;
    while ((await viewers()) > 0);
    const events = await EventReader.open(path('events'));
    await events.next('watching');
    expect(await viewers()).toBe(1);
    events.close();
    while ((await viewers()) > 0);
  });

  it('are refused as HTTP says it', async () => {
    const wrong = await fetch(path('events?history=many'));
    expect([wrong.status, await wrong.text()]).toEqual([
      422,
      'A value is out of its range. history has to be a whole number from 0 to 1000.\n',
    ]);
    expect((await fetch(`${keyed.url}/v1/meetings/m/events`)).status).toBe(401);
    expect((await fetch(path('events'), { method: 'HEAD' })).status).toBe(200);
  });
});

describe('Live WebVTT', () => {
  it('is a playlist of segments while somebody is there to speak', async () => {
    const meeting = 'live';
    expect((await fetch(path('hls/captions.m3u8', meeting))).status).toBe(404);
    const speaker = await openStream(server, { meeting, speaker: 'Ada' });
    const response = await fetch(path('hls/captions.m3u8?key=k', meeting));
    expect(response.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
    const playlist = await response.text();
    expect(playlist.split('\n').slice(0, 3)).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:3',
      '#EXT-X-TARGETDURATION:6',
    ]);
    const segments = playlist.split('\n').filter((line) => line.endsWith('.vtt?key=k'));
    expect(segments).toHaveLength(10);
    const segment = await fetch(path(`hls/${segments[0]}`, meeting));
    expect(segment.headers.get('content-type')).toBe('text/vtt; charset=utf-8');
    expect(await segment.text()).toMatch(/^WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00\.000,MPEGTS:\d+\n/);
    for (const other of ['hls/1.vtt', 'hls/one.vtt', 'hls/1'])
      expect((await fetch(path(other, meeting))).status).toBe(404);
    speaker.send({ type: 'stop' });
    await speaker.closed;
  });
});

describe('/v1/status', () => {
  it('tells numbers and models, and no names', async () => {
    const text = await (await fetch(`${server.url}/v1/status`)).text();
    expect(JSON.parse(text)).toMatchObject({
      ready: true,
      ladder: { step: 'full' },
      models: { recognizers: [{ name: 'moonshine-tiny-en', words: false, punctuates: true }] },
      load: { threads: expect.any(Number) },
    });
    for (const name of ['Ada', 'Grace', 'élan', 'Northwind']) expect(text).not.toContain(name);
  });
});

describe('/metrics', () => {
  it('count words that were taken back, and how long words take to stand', async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const value = (name: string) => Number(new RegExp(`^roundtable_${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
    expect(value('final_words_total')).toBeGreaterThan(10);
    expect(value('erased_words_total')).toBeGreaterThanOrEqual(0);
    expect(value('word_stable_seconds_count')).toBe(value('final_words_total'));
  });
});
