import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Deepgram } from '@deepgram/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { countWordErrors } from '../../bench/word-error-rate.ts';
import { writeWav } from '../fixtures/audio/write-wav.ts';
import { type Clip, encode, readClips } from '../support/audio.ts';
import { type Results, transcript } from '../support/deepgram-caller.ts';
import { JsonSocket, refusal } from '../support/json-socket.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';

const KEY = 'a-key-of-more-than-sixteen-characters';

let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  [server, clips] = await Promise.all([startRoundtable(), readClips()]);
});

afterAll(() => server.stop());

describe('A POST of a recording', () => {
  it.each(['linear16', 'mulaw'])('may hold bare samples, as %s', async (encoding) => {
    const { samples, reference } = clips[1]!;
    const body = encode(encoding === 'mulaw' ? 'mulaw' : 'pcm_s16le', samples);
    const answer = await post(`encoding=${encoding}&sample_rate=16000`, body, 'application/octet-stream');
    const { results } = (await answer.json()) as Deepgram.ListenV1Response;
    const { errors, words } = countWordErrors(reference, results.channels[0]!.alternatives![0]!.transcript!);
    expect(errors / words).toBeLessThanOrEqual(0.25);
  });

  it('is read along where its address names a meeting', async () => {
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/posted/captions`);
    await viewer.next('watching');
    const body = await readFile(clips[1]!.path);
    expect((await post('meeting=posted&speaker=Ada', body, 'audio/flac')).status).toBe(200);
    await viewer.next('speaker-left');
    expect(viewer.all('final').map(({ speaker }) => speaker)).toContain('Ada');
    viewer.close();
  });

  it('is refused for the address of one, which is not fetched', async () => {
    const answer = await post('', JSON.stringify({ url: 'http://localhost/a.wav' }), 'application/json');
    expect(answer.status).toBe(400);
    const body = (await answer.json()) as { err_msg: string };
    expect(body).toMatchObject({ err_code: 'Bad Request', request_id: answer.headers.get('dg-request-id') });
    expect(body.err_msg).toMatch(/fetches nothing/);
  });

  it('is refused with channels that are wanted one by one', async () => {
    const stereo = writeWav({ tag: 1, bits: 16, channels: 2 }, new Uint8Array(64_000));
    const answer = await post('multichannel=true', stereo, 'audio/wav');
    expect(answer.status).toBe(400);
    expect((await post('', stereo, 'audio/wav')).status).toBe(200);
    const mono = writeWav({ tag: 1, bits: 16 }, new Uint8Array(64_000));
    expect((await post('multichannel=true', mono, 'audio/wav')).status).toBe(200);
  });

  it.each([
    ['of something else', '', 'hello, world'],
    ['in a language that the model does not know', 'language=de', 'RIFF'],
    ['of nothing', '', ''],
    ['to be called back', 'callback=http://localhost/', 'RIFF'],
    ['with samples of a rate that is none', 'encoding=linear16&sample_rate=1', 'RIFF'],
  ])('is refused %s', async (_, query, body) => {
    const answer = await post(query, body, 'audio/wav');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ err_code: 'Bad Request' });
  });
});

describe('A client of another make', () => {
  it('may present a key as a subprotocol, as browsers do', async () => {
    const socket = await JsonSocket.connect(
      `${server.socketUrl}/v1/listen?encoding=linear16&sample_rate=16000`,
      ['token', 'any'],
    );
    expect(socket.socket.protocol).toBe('token');
    socket.send(encode('pcm_s16le', clips[0]!.samples));
    socket.send('{"type":"CloseStream"}');
    expect(await socket.closed).toEqual({ code: 1000, reason: '' });
    expect(socket.messages.map(({ type }) => type)).toContain('Results');
  });

  it('may send a WAV file, byte for byte, and end it with an empty message', async () => {
    const { samples, reference } = clips[3]!;
    const socket = await JsonSocket.connect<Results>(`${server.socketUrl}/v1/listen`);
    const file = writeWav({ tag: 1, bits: 16, claimedBytes: 0 }, encode('pcm_s16le', samples));
    for (const [from, to] of [
      [0, 3],
      [3, 30],
      [30, 47],
      [47, 10_000],
      [10_000, file.length],
    ])
      socket.send(file.subarray(from, to));
    socket.send(new Uint8Array());
    expect(await socket.closed).toEqual({ code: 1000, reason: '' });
    const said = transcript(socket.messages.filter(({ type }) => type === 'Results'));
    const { errors, words } = countWordErrors(reference, said);
    expect(errors / words).toBeLessThanOrEqual(0.25);
  });

  it('is told in close codes what it did wrong', async () => {
    const address = `${server.socketUrl}/v1/listen`;
    const noise = await JsonSocket.connect(address);
    noise.send(Buffer.from('OggS and more'));
    expect(await noise.closed).toMatchObject({ code: 1008, reason: expect.stringMatching(/^DATA-0000/) });
    const babble = await JsonSocket.connect(`${address}?encoding=linear16&sample_rate=8000`);
    babble.send('hello');
    expect(await babble.closed).toMatchObject({ code: 1008, reason: expect.stringMatching(/^DATA-0000/) });
  });

  it.each([
    ['encoding=opus&sample_rate=48000', /encoding can be/],
    ['encoding=linear16', /sample_rate/],
    ['encoding=linear16&sample_rate=16000&language=xx', /knows en/],
  ])('is refused before the upgrade: %s', async (query, sentence) => {
    const socket = new WebSocket(`${server.socketUrl}/v1/listen?${query}`);
    const [request, response] = (await once(socket, 'unexpected-response')) as [
      { destroy(): void },
      IncomingMessage,
    ];
    expect(response.statusCode).toBe(400);
    expect(response.headers['dg-error']).toMatch(sentence);
    expect(response.headers['dg-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    request.destroy();
  });
});

describe('A server with keys', () => {
  let guarded: RunningServer;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundtable-deepgram-'));
    const file = join(folder, 'keys.json');
    await writeFile(file, JSON.stringify({ keys: [{ name: 'a', key: KEY }] }));
    guarded = await startRoundtable(['--keys-file', file]);
  });

  afterAll(async () => {
    await guarded.stop();
    await rm(folder, { recursive: true });
  });

  it.each([
    [['token', KEY], {}],
    [['bearer', KEY], {}],
    [[], { headers: { authorization: `Token ${KEY}` } }],
    [[], { headers: { authorization: `Bearer ${KEY}` } }],
  ])('knows them as %j %j', async (subprotocols, options) => {
    const address = `${guarded.socketUrl}/v1/listen?encoding=linear16&sample_rate=16000`;
    const socket = await JsonSocket.connect(address, subprotocols, options);
    socket.send('{"type":"CloseStream"}');
    expect(await socket.closed).toEqual({ code: 1000, reason: '' });
  });

  it('refuses others, to speak and to post', async () => {
    const { status, body } = await refusal(
      `${guarded.socketUrl}/v1/listen?encoding=linear16&sample_rate=16000`,
      { headers: { authorization: 'Token wrong' } },
    );
    expect(status).toBe(401);
    expect(JSON.parse(body)).toMatchObject({ err_code: 'INVALID_AUTH' });
    const posted = await fetch(`${guarded.url}/v1/listen`, { method: 'POST', body: 'RIFF' });
    expect(posted.status).toBe(401);
    expect(await posted.json()).toMatchObject({ err_code: 'INVALID_AUTH' });
    const known = await fetch(`${guarded.url}/v1/listen`, {
      method: 'POST',
      body: await readFile(clips[0]!.path),
      headers: { authorization: `Token ${KEY}` },
    });
    expect(known.status).toBe(200);
  });
});

function post(query: string, body: string | Uint8Array, contentType: string): Promise<Response> {
  return fetch(`${server.url}/v1/listen?${query}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : Uint8Array.from(body),
    headers: { 'content-type': contentType },
  });
}
