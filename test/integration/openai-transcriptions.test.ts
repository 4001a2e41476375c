import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countWordErrors } from '../../bench/word-error-rate.ts';
import { type Clip, encode, readClips } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { readSrt, readVtt } from '../support/subtitles.ts';
import { speakBytes } from './speech.ts';

const KEY = 'recordings-0123456789';
const MAX_UPLOAD_BYTES = 4_000_000;

let clips: readonly Clip[];
let server: RunningServer;
let client: OpenAI;
let folder: string;
/** Of each clip, by the native protocol. */
let native: readonly string[];

beforeAll(async () => {
  clips = await readClips();
  folder = await mkdtemp(join(tmpdir(), 'roundtable-openai-'));
  const keysFile = join(folder, 'keys.json');
  await writeFile(keysFile, JSON.stringify({ keys: [{ name: 'Recordings', key: KEY }] }));
  const flags = ['--keys-file', keysFile, '--max-upload-bytes', String(MAX_UPLOAD_BYTES)];
  const dataDir = join(folder, 'data');
  server = {
    ...(await startRoundtable(flags, { ROUNDTABLE_DATA_DIR: dataDir })),
    key: KEY,
  };
  client = new OpenAI({ apiKey: KEY, baseURL: `${server.url}/v1`, maxRetries: 0 });
  const texts: string[] = [];
  for (const { samples } of clips) {
    const speaker = await speakBytes(server, encode('pcm_s16le', samples), { chunkBytes: 9600 });
    texts.push(
      speaker
        .all('final')
        .map(({ text }) => text)
        .join(' '),
    );
  }
  native = texts;
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

function file(clip = clips[0]!) {
  return createReadStream(clip.path);
}

/** What a call to the server ends with. */
async function failure(call: Promise<unknown>): Promise<APIError> {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  if (error instanceof APIError) return error;
  throw new Error('It did not fail.', { cause: error });
}

/** Until nothing is left of any request. */
async function nothingLeft(): Promise<void> {
  for (;;) {
    const status = (await (await fetch(`${server.url}/v1/status`)).json()) as { streams: { open: number } };
    const uploads = await readdir(join(folder, 'data', 'uploads'));
    if (status.streams.open === 0 && uploads.length === 0) return;
  }
}

describe("OpenAI's own client", () => {
  it('is told which model runs, and that others do not', async () => {
    const { data } = await client.models.list();
    expect(data).toMatchObject([{ id: 'moonshine-tiny-en', object: 'model', owned_by: 'roundtable' }]);
    expect((await client.models.retrieve('moonshine-tiny-en')).id).toBe('moonshine-tiny-en');
    expect(await failure(client.models.retrieve('whisper-1'))).toMatchObject({
      ...{ status: 404, code: 'model_not_found', param: 'model' },
    });
  });

  it('gets the words that native clients get', async () => {
    for (const [index, clip] of clips.entries()) {
      const { text, usage } = await client.audio.transcriptions.create({
        ...{ file: file(clip), model: 'whisper-1' },
      });
      expect(text).toBe(native[index]);
      expect(countWordErrors(clip.reference, text).errors).toBeLessThanOrEqual(2);
      expect(usage).toEqual({
        type: 'duration',
        seconds: expect.closeTo(clip.samples.length / 16_000, 2),
      });
    }
    await nothingLeft();
  });

  it('gets them as text and as subtitles', async () => {
    const ask = (format: 'text' | 'srt' | 'vtt') =>
      client.audio.transcriptions.create({ file: file(), model: 'whisper-1', response_format: format });
    expect(await ask('text')).toBe(`${native[0]}\n`);
    for (const cues of [readSrt(await ask('srt')), readVtt(await ask('vtt'))])
      expect(cues.flatMap(({ lines }) => lines).join(' ')).toBe(native[0]);
  });

  it('gets segments and words with their times', async () => {
    const verbose = await client.audio.transcriptions.create({
      ...{ file: file(), model: 'whisper-1', language: 'en', temperature: 0, prompt: 'Helston' },
      response_format: 'verbose_json',
      timestamp_granularities: ['word', 'segment'],
    });
    expect(verbose).toMatchObject({
      ...{ task: 'transcribe', language: 'english', text: native[0], word_times: 'interpolated' },
      duration: expect.closeTo(clips[0]!.samples.length / 16_000, 2),
    });
    const [segment] = verbose.segments!;
    expect(segment).toMatchObject({ id: 0, tokens: [], no_speech_prob: 0, text: ` ${native[0]}` });
    expect(segment!.avg_logprob).toBeLessThan(0);
    expect(segment!.avg_logprob).toBeGreaterThan(-1);
    expect(segment!.compression_ratio).toBeGreaterThan(0.5);
    const words = verbose.words!;
    expect(words.map(({ word }) => word).join(' ')).toBe(native[0]!.replaceAll(/[.,?!]/g, ''));
    expect(words.map(({ start }) => start)).toEqual(words.map(({ start }) => start).sort((a, b) => a - b));
    expect([words[0]!.start, words.at(-1)!.end]).toEqual([segment!.start, segment!.end]);
  });

  it('gets only the times that it asks for', async () => {
    const ask = (granularities?: ('word' | 'segment')[]) =>
      client.audio.transcriptions.create({
        ...{ file: file(), model: 'whisper-1', response_format: 'verbose_json' },
        ...(granularities && { timestamp_granularities: granularities }),
      });
    const [segments, words] = [await ask(), await ask(['word'])];
    expect([segments.words, words.segments]).toEqual([undefined, undefined]);
    expect([segments.segments!.length, words.words!.length > 0]).toEqual([1, true]);
  });

  it('gets the text as it is made', async () => {
    const stream = await client.audio.transcriptions.create({
      ...{ file: file(clips[1]), model: 'gpt-4o-transcribe', stream: true },
      chunking_strategy: { type: 'server_vad', silence_duration_ms: 100, threshold: 2 },
    });
    let text = '';
    let done = '';
    for await (const event of stream) {
      if (event.type === 'transcript.text.delta') text += event.delta;
      if (event.type === 'transcript.text.done') done = event.text;
    }
    expect(text).not.toBe('');
    expect(done).toBe(text);
    await nothingLeft();
  });

  it('is transcribed for those who read along', async () => {
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/dub/captions`, undefined, KEY);
    await viewer.next('watching');
    await client.audio.transcriptions.create(
      { file: file(), model: 'whisper-1' },
      { query: { meeting: 'dub', speaker: 'Tape' } },
    );
    expect(await viewer.next('final')).toMatchObject({ speaker: 'Tape', text: native[0] });
    viewer.close();
  });

  it('leaves nothing behind when it goes away', async () => {
    const long = await readFile(clips[0]!.path);
    const abort = new AbortController();
    const call = client.audio.transcriptions.create(
      { file: new File([long], 'a.flac'), model: 'whisper-1' },
      { signal: abort.signal },
    );
    setImmediate(() => abort.abort());
    await expect(call).rejects.toThrow(OpenAI.APIUserAbortError);
    await nothingLeft();
  });

  it.each([
    [{ response_format: 'diarized_json' as const }, /does not tell speakers apart/],
    [{ response_format: 'xml' as 'json' }, /one of json, text, srt, verbose_json, vtt/],
    [{ language: 'tlh' }, /does not know the language/],
    [{ timestamp_granularities: ['phone' as 'word'] }, /word or segment/],
    [{ response_format: 'srt' as const, stream: true as const }, /json or text/],
  ])('hears what is wrong with %j', async (fields, message) => {
    const request = { file: file(), model: 'whisper-1', ...fields };
    const error = await failure(
      client.audio.transcriptions.create(request as OpenAI.Audio.TranscriptionCreateParamsNonStreaming),
    );
    expect(error).toMatchObject({ status: 400, type: 'invalid_request_error' });
    expect(error.message).toMatch(message);
    await nothingLeft();
  });

  it('hears of a file that is no recording, streamed or not', async () => {
    const text = new File(['Good morning.'], 'speech.wav');
    const request = { file: text, model: 'whisper-1' };
    for (const call of [
      () => client.audio.transcriptions.create(request),
      () => client.audio.transcriptions.create({ ...request, stream: true }),
    ])
      expect(await failure(call())).toMatchObject({ status: 400, code: 'bad_recording' });
    await nothingLeft();
  });

  it('hears of a file that is too large', async () => {
    const large = new File([new Uint8Array(MAX_UPLOAD_BYTES + 1)], 'large.wav');
    const error = await failure(client.audio.transcriptions.create({ file: large, model: 'whisper-1' }));
    expect(error).toMatchObject({ status: 413, type: 'invalid_request_error' });
    await nothingLeft();
  });

  it('hears of a key that is not known', async () => {
    const stranger = new OpenAI({ apiKey: 'nobody', baseURL: `${server.url}/v1`, maxRetries: 0 });
    for (const call of [
      () => stranger.models.list(),
      () => stranger.audio.transcriptions.create({ file: file(), model: 'whisper-1' }),
    ])
      expect(await failure(call())).toMatchObject({ status: 401, code: 'invalid_api_key' });
  });

  it('hears of a form without a file', async () => {
    const form = new FormData();
    form.set('model', 'whisper-1');
    const answer = await fetch(`${server.url}/v1/audio/transcriptions`, {
      ...{ method: 'POST', body: form, headers: { authorization: `Bearer ${KEY}` } },
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  });
});

describe('A server that does not speak the dialect', () => {
  it('has none of its paths', async () => {
    const plain = await startRoundtable(['--dialects', 'none'], {}, 'listening');
    expect((await fetch(`${plain.url}/v1/models`)).status).toBe(404);
    expect((await fetch(`${plain.url}/v1/audio/transcriptions`, { method: 'POST' })).status).toBe(404);
    await plain.stop();
  });
});
