import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { JobResult } from '../../server/jobs/job-queue.ts';
import { writeFlac } from '../fixtures/audio/write-flac.ts';
import { writeWav } from '../fixtures/audio/write-wav.ts';
import { type Clip, join as joined, readClips, silence } from '../support/audio.ts';
import { startCallbackServer } from '../support/callback-server.ts';
import { readMetric } from '../support/metrics.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { readSrt } from '../support/subtitles.ts';
import { jobUntil, postJob, recordingForm, submitJob, type ToldJob } from './jobs.ts';

const KEYS = { high: 'high-0123456789.abc', low: 'low-0123456789.abcd' };
const SECRET = 'callbacks are signed with this';

let folder: string;
let server: RunningServer;
let keyed: RunningServer;
let clips: readonly Clip[];

/** As a WAV file of 16 bits. */
function wav(samples: Float32Array): Buffer {
  const data = Buffer.alloc(samples.length * 2);
  for (const [i, sample] of samples.entries()) data.writeInt16LE(Math.round(sample * 32_767), i * 2);

  return writeWav({ tag: 1, bits: 16 }, data);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundtable-jobs-'));
  await writeFile(join(folder, 'secret'), SECRET);
  await writeFile(
    join(folder, 'keys.json'),
    JSON.stringify({
      keys: [
        { name: 'High', key: KEYS.high, class: 'high' },
        { name: 'Low', key: KEYS.low, class: 'low' },
      ],
    }),
  );
  const callbacks = ['--callback-secret-file', join(folder, 'secret'), '--allow-private-callbacks', 'yes'];
  const bounds = ['--max-upload-bytes', '4000000', '--max-recording-ms', '300000'];
  [server, keyed, clips] = await Promise.all([
    startRoundtable(['--data-dir', join(folder, 'data'), ...callbacks, ...bounds]),
    startRoundtable(['--keys-file', join(folder, 'keys.json')]),
    readClips(),
  ]);
});

afterAll(async () => {
  await Promise.all([server.stop(), keyed.stop()]);
  await rm(folder, { recursive: true });
});

async function resultOf({ id }: ToldJob): Promise<JobResult> {
  return (await fetch(`${server.url}/v1/jobs/${id}/result.json`)).json() as Promise<JobResult>;
}

describe('A recording that is submitted', () => {
  it('is answered at once, captioned, and to be had in every format', async () => {
    const response = await postJob(
      server.url,
      recordingForm(await readFile(clips[0]!.path), { speaker: 'Ada', language: 'en' }, 'Überblick.flac'),
    );
    expect(response.status).toBe(202);
    const told = (await response.json()) as ToldJob;
    expect(response.headers.get('location')).toBe(`/v1/jobs/${told.id}`);
    expect(told).toMatchObject({
      state: 'queued',
      priority: 'standard',
      fileName: 'Überblick.flac',
      attempts: 0,
    });
    const job = await jobUntil(server.url, told.id);
    const lengthMs = Math.round(clips[0]!.samples.length / 16);
    expect(job).toMatchObject({
      state: 'completed',
      attempts: 1,
      error: null,
      lengthMs,
      progressMs: lengthMs,
    });
    const result = await resultOf(job);
    expect(result.text).toBe("You don't mean that you thought me so silly?");
    expect(result.captions[0]).toMatchObject({ speaker: 'Ada', streamId: job.id, captionId: `${job.id}:0` });
    expect(result.transcribedMs + result.silenceMs).toBe(lengthMs);
    const srt = await (await fetch(`${server.url}/v1/jobs/${job.id}/result.srt`)).text();
    expect(
      readSrt(srt)
        .map(({ lines }) => lines.join(' '))
        .join(' '),
    ).toBe(`Ada: ${result.text}`);
    for (const format of ['txt', 'vtt', 'docx']) {
      const file = await fetch(`${server.url}/v1/jobs/${job.id}/result.${format}`);
      expect(file.status).toBe(200);
      expect(file.headers.get('content-disposition')).toContain(`_berblick.${format}`);
    }
  });

  it('has captions whose times count from its beginning', async () => {
    const job = await submitJob(server.url, wav(joined(silence(3000), clips[1]!.samples)));
    await jobUntil(server.url, job.id);
    const { captions } = await resultOf(job);
    expect(captions[0]!.startMs).toBeGreaterThan(2000);
    const srt = await (await fetch(`${server.url}/v1/jobs/${job.id}/result.srt`)).text();
    expect(readSrt(srt)[0]!.startMs).toBe(captions[0]!.startMs);
  });

  it('is not computed again when its audio is the same, whatever the file', async () => {
    const samples = clips[2]!.samples;
    const first = await submitJob(server.url, wav(samples));
    const kept = await jobUntil(server.url, first.id);
    const again = writeFlac({ sampleRate: 16_000 }, [
      Int16Array.from(samples, (sample) => Math.round(sample * 32_767)),
    ]);
    const second = await jobUntil(server.url, (await submitJob(server.url, again)).id);
    expect([kept.shared, second.shared]).toEqual([false, true]);
    expect((await resultOf(second)).text).toBe((await resultOf(kept)).text);
    const other = await submitJob(server.url, wav(samples), { endpointing: '{"minSilenceMs":300}' });
    expect((await jobUntil(server.url, other.id)).shared).toBe(false);
  });

  it('leaves no file behind once it has finished', async () => {
    const job = await submitJob(server.url, wav(clips[3]!.samples));
    await jobUntil(server.url, job.id);
    await expect.poll(() => readdir(join(folder, 'data', 'jobs'))).toEqual([]);
    expect(await readdir(join(folder, 'data', 'uploads'))).toEqual([]);
  });

  it('is found in the history by the meeting that it names, and otherwise not', async () => {
    const job = await submitJob(server.url, wav(clips[3]!.samples), { meeting: 'archive' });
    await jobUntil(server.url, job.id);
    const transcript = await fetch(`${server.url}/v1/meetings/archive/transcript.txt`);
    expect(await transcript.text()).toContain((await resultOf(job)).text);
    expect((await fetch(`${server.url}/v1/meetings/${job.id}/transcript.txt`)).status).toBe(404);
  });

  it('may hold nothing but silence', async () => {
    const job = await submitJob(server.url, wav(silence(120_000)));
    expect((await jobUntil(server.url, job.id)).state).toBe('completed');
    expect(await resultOf(job)).toMatchObject({ text: '', captions: [], silenceMs: 120_000 });
    expect((await fetch(`${server.url}/v1/jobs/${job.id}/result.txt`)).status).toBe(200);
  });

  it('is told as it fares by server-sent events and on a WebSocket, to its end', async () => {
    const long = wav(joined(...Array.from({ length: 6 }, () => joined(clips[1]!.samples, silence(1000)))));
    const [first, second] = [await submitJob(server.url, long), await submitJob(server.url, long)];
    const socket = new WebSocket(`${server.socketUrl}/v1/jobs/${second.id}/events`);
    const told: ToldJob[] = [];
    socket.on('message', (data) => told.push(JSON.parse(String(data)) as ToldJob));
    const closed = once(socket, 'close');
    const events = await (await fetch(`${server.url}/v1/jobs/${first.id}/events`)).text();
    const states = [...events.matchAll(/^data: (.+)$/gm)].map(
      ([, data]) => (JSON.parse(data!) as ToldJob).state,
    );
    expect(states[0]).not.toBe('completed');
    expect(states.at(-1)).toBe('completed');
    expect((await closed)[0]).toBe(1000);
    expect(told.at(-1)).toMatchObject({ type: 'job', id: second.id, state: 'completed' });
  });

  it('is counted', async () => {
    const completed = 'roundtable_jobs_finished_total{state="completed"}';
    expect(await readMetric(server.url, completed)).toBeGreaterThan(3);
    expect(await readMetric(server.url, 'roundtable_jobs_backlog_seconds')).toBe(0);
    expect(await readMetric(server.url, 'roundtable_jobs_queued{class="standard"}')).toBe(0);
  });
});

describe('A job', () => {
  const wordy = () => wav(joined(...Array.from({ length: 30 }, (_, i) => clips[i % 4]!.samples)));

  it('can be cancelled while it runs, and frees everything at once', async () => {
    const { id } = await submitJob(server.url, wordy());
    await jobUntil(server.url, id, ({ state, progressMs }) => state === 'running' && progressMs > 0);
    const response = await fetch(`${server.url}/v1/jobs/${id}`, { method: 'DELETE' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ state: 'cancelled' });
    expect(await readMetric(server.url, 'roundtable_streams')).toBe(0);
    await expect.poll(() => readdir(join(folder, 'data', 'jobs'))).toEqual([]);
    const result = await fetch(`${server.url}/v1/jobs/${id}/result.json`);
    expect(result.status).toBe(409);
  });

  it('that has finished stays as it is', async () => {
    const { id } = await submitJob(server.url, wav(clips[0]!.samples));
    await jobUntil(server.url, id);
    const response = await fetch(`${server.url}/v1/jobs/${id}`, { method: 'DELETE' });
    expect(response.status).toBe(409);
    expect(await response.text()).toContain('finished already. It is completed.');
    expect((await jobUntil(server.url, id)).state).toBe('completed');
  });

  it('is listed with others, newest first, by state and page', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await submitJob(server.url, wav(clips[0]!.samples))).id);
    for (const id of ids) await jobUntil(server.url, id);
    const page = async (query: string) =>
      (await (await fetch(`${server.url}/v1/jobs?${query}`)).json()) as { jobs: ToldJob[]; more: boolean };
    const first = await page('state=completed&limit=2');
    expect(first.jobs.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect(first.more).toBe(true);
    expect((await page(`limit=1&before=${ids[1]}`)).jobs[0]!.id).toBe(ids[0]);
    expect((await fetch(`${server.url}/v1/jobs?state=lost`)).status).toBe(422);
    expect((await fetch(`${server.url}/v1/jobs?limit=9999`)).status).toBe(422);
  });

  it('that never was is not found', async () => {
    const id = '01a2029b-90bb-7b02-8c6f-f56353a0a634';
    for (const path of [id, 'nonsense', '..%2F..%2Fhistory.db', `${id}/result.txt`, `${id}/events`])
      expect((await fetch(`${server.url}/v1/jobs/${path}`)).status).toBe(404);
    const deletion = await fetch(`${server.url}/v1/jobs/${id}`, { method: 'DELETE' });
    expect([deletion.status, deletion.headers.get('roundtable-error')]).toEqual([404, 'unknown-job']);
    const socket = new WebSocket(`${server.socketUrl}/v1/jobs/${id}/events`);
    expect((await once(socket, 'close'))[0]).toBe(4404);
  });
});

describe('What is no recording', () => {
  const refusals: readonly (readonly [string, () => Uint8Array, number, RegExp])[] = [
    ['an empty file', () => new Uint8Array(), 422, /empty/],
    [
      'text',
      () => Buffer.from('Dear all, this is no audio.\n'.repeat(100)),
      422,
      /not known here|could not read/,
    ],
    ['a file that is too large', () => wav(silence(130_000)), 413, /at most 4000000 bytes/],
    ['a recording that is too long for its size', () => flacOfSilence(400_000), 422, /longer than 5 minutes/],
    [
      'a WAV file without audio',
      () => writeWav({ tag: 1, bits: 16 }, new Uint8Array()),
      422,
      /holds no audio/,
    ],
  ];

  /** Silence takes next to nothing of a file. */
  function flacOfSilence(ms: number): Buffer {
    return writeFlac({ sampleRate: 16_000, claimedSamples: 16 * ms }, [new Int16Array(4096)]);
  }

  it.each(refusals)('is refused at once: %s', async (_, bytes, status, sentence) => {
    const response = await postJob(server.url, recordingForm(bytes()));
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(sentence);
    expect(await readdir(join(folder, 'data', 'jobs'))).toEqual([]);
  });

  it('fails when it shows later that it is cut short, with a sentence and without another attempt', async () => {
    const whole = await readFile(clips[1]!.path);
    const { id } = await submitJob(server.url, whole.subarray(0, whole.length >> 1));
    const job = await jobUntil(server.url, id);
    expect(job).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'bad-recording' } });
    expect(job.error!.message).toMatch(/damaged or cut short/);
    expect(job.error!.message).not.toContain(folder);
  });

  it('is known by its content, not by its name', async () => {
    const form = recordingForm(await readFile(clips[0]!.path), {}, 'notes.txt');
    const { id } = (await (await postJob(server.url, form)).json()) as ToldJob;
    expect((await jobUntil(server.url, id)).state).toBe('completed');
  });

  it.each([
    ['a field that is not known', { lang: 'en' }, /no field "lang"/],
    ['a language that the model does not know', { language: 'tlh' }, /knows en/],
    ['endpointing that is no object', { endpointing: 'soon' }, /as JSON/],
    ['another model', { model: 'whisper' }, /no model of that name. It has moonshine-tiny-en/],
    ['a class above its own', { priority: 'high' }, /standard or low/],
    ['a callback to nowhere', { callback: 'tomorrow' }, /callback has to be an address/],
  ])('is refused with %s', async (_, fields, sentence) => {
    const response = await postJob(server.url, recordingForm(wav(clips[0]!.samples), fields));
    expect([400, 415, 422]).toContain(response.status);
    expect(await response.text()).toMatch(sentence);
    expect(await readdir(join(folder, 'data', 'uploads'))).toEqual([]);
  });

  it('is not fetched from hosts that nobody has allowed', async () => {
    const body = JSON.stringify({ url: 'http://127.0.0.1/talk.flac' });
    const response = await postJob(server.url, body, { 'content-type': 'application/json' });
    expect(response.status).toBe(422);
    expect(await response.text()).toContain('fetches no recordings');
  });
});

describe('A callback', () => {
  it('tells that a job has finished, signed, and again after a failure', async () => {
    const listener = await startCallbackServer((before) => (before === 0 ? 500 : 204));
    const { id } = await submitJob(server.url, wav(clips[0]!.samples), { callback: listener.url });
    await listener.until(2);
    const { headers, body } = listener.arrived[1]!;
    expect(JSON.parse(body)).toMatchObject({ type: 'job', id, state: 'completed' });
    const [, time, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['roundtable-signature']))!;
    expect(createHmac('sha256', SECRET).update(`${time}.${body}`).digest('hex')).toBe(digest);
    expect((await jobUntil(server.url, id, ({ callback }) => callback !== 'waiting')).callback).toBe(
      'delivered',
    );
    listener.close();
  });

  it('to this machine is refused unless it is allowed, as is one without a secret', async () => {
    const form = recordingForm(wav(clips[0]!.samples), { callback: 'http://127.0.0.1:9/done' });
    const response = await postJob(keyed.url, form, { authorization: `Bearer ${KEYS.high}` });
    expect(response.status).toBe(422);
  });
});

describe('Recordings of a key', () => {
  it("are nobody else's", async () => {
    const high = { authorization: `Bearer ${KEYS.high}` };
    const low = { authorization: `Bearer ${KEYS.low}` };
    const job = await submitJob(keyed.url, wav(clips[0]!.samples), {}, high);
    expect(job.priority).toBe('high');
    const other = await submitJob(keyed.url, wav(clips[0]!.samples), {}, low);
    for (const path of ['', '/events', '/result.json'])
      expect((await fetch(`${keyed.url}/v1/jobs/${job.id}${path}`, { headers: low })).status).toBe(404);
    const deletion = await fetch(`${keyed.url}/v1/jobs/${job.id}`, { method: 'DELETE', headers: low });
    expect(deletion.status).toBe(404);
    expect((await fetch(`${keyed.url}/v1/jobs`)).status).toBe(401);
    const list = (await (await fetch(`${keyed.url}/v1/jobs`, { headers: low })).json()) as {
      jobs: ToldJob[];
    };
    expect(list.jobs.map(({ id }) => id)).toEqual([other.id]);
    const socket = new WebSocket(`${keyed.socketUrl}/v1/jobs/${job.id}/events`, { headers: low });
    expect((await once(socket, 'close'))[0]).toBe(4404);
  });

  it('may be of a lower class than the key, and never of a higher', async () => {
    const low = { authorization: `Bearer ${KEYS.low}` };
    const high = { authorization: `Bearer ${KEYS.high}` };
    const form = () => recordingForm(wav(clips[0]!.samples), { priority: 'standard' });
    expect((await postJob(keyed.url, form(), low)).status).toBe(422);
    const response = await postJob(keyed.url, form(), high);
    expect(await response.json()).toMatchObject({ priority: 'standard' });
  });
});
