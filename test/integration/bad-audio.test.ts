import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIO_ENCODINGS, JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL } from '../../client-sdk/protocol.ts';
import { ERRORS } from '../../server/errors.ts';
import { type Clip, encode, noise, readClips, silence } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectFatal, openStream, watchOverBystander, wordErrorShare } from './speech.ts';

const MAX_MESSAGE_BYTES = 65_536;

let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  const flags = [
    '--resume-window-ms',
    '0',
    '--max-buffered-ms',
    '35000',
    '--max-message-bytes',
    String(MAX_MESSAGE_BYTES),
  ];
  [server, clips] = await Promise.all([startRoundtable(flags), readClips()]);
});

afterAll(() => server.stop());

watchOverBystander(
  () => server,
  () => clips[3]!,
);

describe('Audio', () => {
  it.each([JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL])(
    'as text is audio-not-binary in %s',
    async (subprotocol) => {
      const client = await openStream(server, { subprotocol });
      client.send({ type: 'audio', pcm: 'AAAA' });
      await expectFatal(client, 'audio-not-binary');
    },
  );

  it.each([
    ['pcm_s16le', 1, 1],
    ['pcm_s16le', 1, 1601],
    ['pcm_s16le', 2, 1602],
    ['pcm_f32le', 1, 1602],
    ['pcm_f32le', 2, 4],
    ['mulaw', 3, 1600],
    ['alaw', 8, 7],
  ] as const)('of %s with %i channels in %i bytes is audio-misaligned', async (encoding, channels, bytes) => {
    const client = await openStream(server, { encoding, channels });
    client.sendAudio(new Uint8Array(bytes));
    const { message } = await expectFatal(client, 'audio-misaligned');
    expect(message).toContain(String(bytes));
  });

  it.each(AUDIO_ENCODINGS)('in an empty message is a harmless error, with %s', async (encoding) => {
    const client = await openStream(server, { encoding, partials: false });
    const audio = encode(encoding, clips[3]!.samples);
    client.sendAudio(new Uint8Array());
    client.sendAudio(audio.subarray(0, 16_000));
    client.sendAudio(new Uint8Array());
    client.sendAudio(audio.subarray(16_000, 65_000));
    for (let at = 65_000; at < audio.length; at += 60_000) client.sendAudio(audio.subarray(at, at + 60_000));
    client.send({ type: 'stop' });
    expect((await client.closed).code).toBe(1000);
    const { retryable, fatal, text } = ERRORS['audio-empty'];
    const error = { type: 'error', code: 'audio-empty', message: text, retryable, fatal };
    expect(client.all('error')).toEqual([error, error]);
    expect(fatal).toBe(false);
    expect(wordErrorShare(client, clips[3]!.reference)).toBeLessThanOrEqual(0.25);
  });

  it('after stop is already-stopped', async () => {
    const client = await openStream(server);
    client.sendAudio(encode('pcm_s16le', clips[1]!.samples.subarray(0, 30_000)));
    client.send({ type: 'stop' });
    client.sendAudio(new Uint8Array(320));
    await expectFatal(client, 'already-stopped');
  });

  it.each(['stop', 'flush', 'marker'])('is followed by a %s after stop: already-stopped', async (type) => {
    const client = await openStream(server);
    client.sendAudio(encode('pcm_s16le', clips[1]!.samples.subarray(0, 30_000)));
    client.send({ type: 'stop' });
    client.send({ type, id: 1 });
    await expectFatal(client, 'already-stopped');
  });

  it('that is sent without heeding the acknowledgements is audio-overrun', async () => {
    const client = await openStream(server, { encoding: 'mulaw', sampleRate: 8000 });
    // Noise that goes on, so that nothing is settled for a long time; 8 s in a message.
    const minute = encode('mulaw', noise(64_000, 0.3).subarray(0, 512_000));
    for (let at = 0; at < 5 * minute.length; at += 64_000)
      client.sendAudio(minute.subarray(at % minute.length, (at % minute.length) + 64_000));
    await expectFatal(client, 'audio-overrun');
  });

  it('may be as much as the server said it holds', async () => {
    const client = await openStream(server, { encoding: 'mulaw', sampleRate: 8000 });
    expect(client.all('ready')[0]!.maxBufferedMs).toBe(35_000);
    const audio = encode('mulaw', silence(17_500));
    for (let at = 0; at < audio.length; at += 56_000) client.sendAudio(audio.subarray(at, at + 56_000));
    client.send({ type: 'stop' });
    expect((await client.closed).code).toBe(1000);
    expect(client.all('done')[0]!.receivedMs).toBe(35_000);
  });

  it('of a speaker who vanishes in the middle is let go of', async () => {
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/vanishing/captions`);
    const client = await openStream(server, { meeting: 'vanishing' });
    client.sendAudio(encode('pcm_s16le', clips[1]!.samples.subarray(0, 30_000)));
    await client.next('partial');
    client.socket.terminate();
    await viewer.next('speaker-left');
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    // The bystander is left.
    expect(metrics).toContain('roundtable_streams 1\n');
    expect(metrics).toContain('roundtable_books_imbalance_samples 0\n');
    viewer.close();
  });
});

describe('A message', () => {
  it.each([
    ['audio', JSON_SUBPROTOCOL],
    ['text', JSON_SUBPROTOCOL],
    ['audio', MSGPACK_SUBPROTOCOL],
  ])('of %s one byte too long is message-too-large, with %s', async (kind, subprotocol) => {
    const client = await openStream(server, { subprotocol });
    if (kind === 'text') client.socket.send('x'.repeat(MAX_MESSAGE_BYTES + 1));
    else client.sendBytes(new Uint8Array(MAX_MESSAGE_BYTES + 1));
    expect((await expectFatal(client, 'message-too-large')).message).toContain(String(MAX_MESSAGE_BYTES));
  });

  it('of the largest size is taken', async () => {
    const client = await openStream(server);
    client.sendBytes(new Uint8Array(MAX_MESSAGE_BYTES));
    await client.passMarker(1);
    client.close();
  });

  it('of many times the largest size ends the connection without a word', async () => {
    const client = await openStream(server);
    client.sendBytes(new Uint8Array(MAX_MESSAGE_BYTES * 16));
    expect((await client.closed).code).toBe(1006);
    expect(client.all('error')).toEqual([]);
  });

  it('in pieces that never end is cut off as well', async () => {
    const client = await openStream(server);
    const piece = new Uint8Array(MAX_MESSAGE_BYTES);
    for (let i = 0; i < 16; i++) client.socket.send(piece, { fin: false });
    expect((await client.closed).code).toBe(1006);
  });
});
