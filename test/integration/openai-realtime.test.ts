import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Clip, encode, join, readClips, resample, silence } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { REALTIME_RATE, RealtimeClient } from '../support/realtime-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { startTlsProxy, type TlsProxy } from '../support/tls-proxy.ts';
import { speakBytes } from './speech.ts';

const KEY = 'realtime-0123456789abc';

let clips: readonly Clip[];
let server: RunningServer;
let proxy: TlsProxy;
let folder: string;

beforeAll(async () => {
  clips = await readClips();
  folder = await mkdtemp(joinPath(tmpdir(), 'roundtable-keys-'));
  const keysFile = joinPath(folder, 'keys.json');
  await writeFile(keysFile, JSON.stringify({ keys: [{ name: 'Realtime', key: KEY }] }));
  server = { ...(await startRoundtable(['--keys-file', keysFile])), key: KEY };
  proxy = await startTlsProxy(server.url);
});

afterAll(async () => {
  await proxy.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

/** Finals of the native protocol for the same audio. */
async function nativeTexts(samples: Float32Array): Promise<readonly string[]> {
  const audio = encode('pcm_s16le', resample(samples, REALTIME_RATE));
  const client = await speakBytes(server, audio, { sampleRate: REALTIME_RATE, chunkBytes: 9600 });

  return client.all('final').map(({ text }) => text);
}

describe("OpenAI's own Realtime client", () => {
  it('gets the words that native clients get, turn by turn', async () => {
    const speech = join(...clips.flatMap(({ samples }) => [silence(1500), samples]));
    const client = await RealtimeClient.connect(proxy, server);
    client.send({
      type: 'session.update',
      session: {
        type: 'transcription',
        audio: { input: { transcription: { model: 'whisper-1', language: 'en' } } },
      },
    });
    const [updated] = await client.next('session.updated');
    expect(updated).toMatchObject({
      session: { type: 'transcription', audio: { input: { format: { rate: 24_000 } } } },
    });
    client.append(speech);
    client.send({ type: 'input_audio_buffer.commit' });
    const native = await nativeTexts(speech);
    const completed = await client.next('transcription.completed', native.length);
    expect(completed.map((event) => event.transcript)).toEqual(native);
    for (const { item_id } of completed) expect(client.textOf(item_id)).not.toBe('');
    expect(client.events[0]!.type).toBe('session.created');
    expect(client.errors).toEqual([]);
    await client.close();
  });

  it('ends turns itself where it likes', async () => {
    const client = await RealtimeClient.connect(proxy, server);
    client.send({
      type: 'session.update',
      session: { type: 'transcription', audio: { input: { turn_detection: null } } },
    });
    for (const { samples } of clips.slice(0, 2)) {
      client.append(samples);
      client.send({ type: 'input_audio_buffer.commit' });
    }
    const completed = await client.next('transcription.completed', 2);
    const native = [await nativeTexts(clips[0]!.samples), await nativeTexts(clips[1]!.samples)];
    expect(completed.map((event) => event.transcript)).toEqual(native.map((texts) => texts.join(' ')));
    const committed = client.all('.committed').map((event) => event.item_id);
    expect(completed.map((event) => event.item_id)).toEqual(committed);
    expect(completed[0]!.usage).toEqual({
      type: 'duration',
      seconds: expect.closeTo(clips[0]!.samples.length / 16_000, 2),
    });
    expect(client.all('.speech_started')).toEqual([]);
    await client.close();
  });

  it('of the beta gets them too', async () => {
    const client = await RealtimeClient.connect(proxy, server, 'beta');
    const [created] = await client.next('transcription_session.created');
    expect(client.events[0]).toBe(created);
    client.send({
      type: 'transcription_session.update',
      session: { input_audio_format: 'pcm16', input_audio_transcription: { model: 'gpt-4o-transcribe' } },
    });
    await client.next('transcription_session.updated');
    client.append(clips[0]!.samples);
    client.send({ type: 'input_audio_buffer.commit' });
    const [completed] = await client.next('transcription.completed');
    expect(completed!.transcript).toBe((await nativeTexts(clips[0]!.samples)).join(' '));
    expect(client.all('conversation.item.created')).toHaveLength(1);
    await client.close();
  });

  it('hears of what it does wrong, and goes on', async () => {
    const client = await RealtimeClient.connect(proxy, server);
    client.send({ type: 'input_audio_buffer.commit', event_id: 'mine' });
    client.send({ type: 'response.create' });
    await client.next('error', 2);
    expect(client.errors.map((error) => error.message)).toEqual([
      expect.stringContaining(
        'code=input_audio_buffer_commit_empty param=null type=invalid_request_error event_id=mine',
      ),
      expect.stringContaining('only transcribes'),
    ]);
    client.append(clips[0]!.samples);
    client.send({ type: 'input_audio_buffer.commit' });
    await client.next('transcription.completed');
    await client.close();
  });
});

describe('A WebSocket for Realtime transcription', () => {
  async function refusal(path: string, offered: string[] = []): Promise<{ status: number; body: unknown }> {
    const socket = new WebSocket(`${server.socketUrl}${path}`, offered);
    const [, response] = (await once(socket, 'unexpected-response')) as [
      unknown,
      AsyncIterable<Buffer> & { statusCode: number },
    ];
    let body = '';
    for await (const piece of response) body += String(piece);
    socket.on('error', () => {}).terminate();

    return { status: response.statusCode, body: JSON.parse(body) };
  }

  it('is refused without a key that is known', async () => {
    for (const offered of [[], ['realtime', 'openai-insecure-api-key.wrong']])
      expect(await refusal('/v1/realtime?intent=transcription', offered)).toEqual({
        status: 401,
        body: { error: expect.objectContaining({ code: 'invalid_api_key' }) },
      });
  });

  it('takes the key of a browser, and captions for those who read along', async () => {
    const viewer = await RawClient.connect(
      `${server.socketUrl}/v1/meetings/standup/captions`,
      undefined,
      KEY,
    );
    await viewer.next('watching');
    const socket = new WebSocket(
      `${server.socketUrl}/v1/realtime?intent=transcription&meeting=standup&speaker=Ada`,
      ['realtime', `openai-insecure-api-key.${KEY}`],
    );
    await once(socket, 'open');
    expect(socket.protocol).toBe('realtime');
    const audio = Buffer.from(encode('pcm_s16le', resample(clips[0]!.samples, REALTIME_RATE)).buffer);
    socket.send(JSON.stringify({ type: 'input_audio_buffer.append', audio: audio.toString('base64') }));
    socket.send(JSON.stringify({ type: 'input_audio_buffer.commit' }));
    const final = await viewer.next('final');
    expect(final).toMatchObject({ meeting: 'standup', speaker: 'Ada' });
    socket.close();
    await viewer.next('speaker-left');
    viewer.close();
  });

  it('is told before it is closed for sending too much at once', async () => {
    const socket = new WebSocket(`${server.socketUrl}/v1/realtime?key=${KEY}`);
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(String(data)));
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'input_audio_buffer.append', audio: 'AAAA'.repeat(300_000) }));
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1008);
    expect(JSON.parse(messages.at(-1)!)).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', code: 'message_too_large' },
    });
  });
});
