import { Packr, pack } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MSGPACK_SUBPROTOCOL } from '../../client-sdk/protocol.ts';
import type { ErrorCode } from '../../server/errors.ts';
import { type Clip, readClips } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectFatal, openStream, watchOverBystander } from './speech.ts';

let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  [server, clips] = await Promise.all([startRoundtable(), readClips()]);
});

afterAll(() => server.stop());

const bystander = watchOverBystander(
  () => server,
  () => clips[3]!,
  'file',
);

function connect(subprotocol?: string): Promise<RawClient> {
  return RawClient.connect(`${server.socketUrl}/v1/stream`, subprotocol);
}

const START = { type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le' };

describe('The first message', () => {
  it.each<[string, ErrorCode, object]>([
    ['a marker', 'bad-message', { type: 'marker', id: '1' }],
    ['a marker that is well formed', 'start-expected', { type: 'marker', id: 1 }],
    ['a flush', 'start-expected', { type: 'flush' }],
    ['a stop', 'start-expected', { type: 'stop' }],
    ['of an unknown type', 'bad-message', { type: 'hello' }],
    ['without a type', 'bad-message', {}],
    ['start without a rate', 'bad-message', { ...START, sampleRate: undefined }],
    ['start with a rate in words', 'bad-message', { ...START, sampleRate: '16000' }],
    ['start with a rate too low', 'out-of-range', { ...START, sampleRate: 7999 }],
    ['start with a rate too high', 'out-of-range', { ...START, sampleRate: 48_001 }],
    ['start with a rate of half a hertz', 'out-of-range', { ...START, sampleRate: 16_000.5 }],
    ['start without an encoding', 'unsupported-encoding', { ...START, encoding: undefined }],
    ['start with an unknown encoding', 'unsupported-encoding', { ...START, encoding: 'opus' }],
    [
      'start with a name of Object for an encoding',
      'unsupported-encoding',
      { ...START, encoding: 'constructor' },
    ],
    ['start without channels', 'out-of-range', { ...START, channels: 0 }],
    ['start with too many channels', 'out-of-range', { ...START, channels: 9 }],
    ['start with an unknown language', 'unsupported-language', { ...START, language: 'tlh' }],
    ['start with an empty language', 'out-of-range', { ...START, language: '' }],
    ['start with a language that is no text', 'bad-message', { ...START, language: 7 }],
    ['start with partials in words', 'bad-message', { ...START, partials: 'yes' }],
    ['start with an empty meeting', 'out-of-range', { ...START, meeting: ' ' }],
    ['start with a long meeting', 'out-of-range', { ...START, meeting: 'x'.repeat(129) }],
    ['start with a control character in the meeting', 'out-of-range', { ...START, meeting: 'a\u0000b' }],
    ['start with a long speaker', 'out-of-range', { ...START, speaker: 'x'.repeat(10_000) }],
    ['start with endpointing in words', 'bad-message', { ...START, endpointing: 'quick' }],
    ['start with a threshold out of range', 'out-of-range', { ...START, endpointing: { startThreshold: 1 } }],
    ['start with a silence out of range', 'out-of-range', { ...START, endpointing: { minSilenceMs: 99 } }],
    ['start with a length out of range', 'out-of-range', { ...START, endpointing: { maxSegmentMs: 28_001 } }],
    [
      'start with an interval out of range',
      'out-of-range',
      { ...START, endpointing: { partialIntervalMs: 1e308 } },
    ],
  ])('%s is %s', async (_, code, message) => {
    const [json, msgpack] = await Promise.all([connect(), connect(MSGPACK_SUBPROTOCOL)]);
    for (const client of [json!, msgpack!]) client.send(JSON.parse(JSON.stringify(message)) as object);
    const errors = await Promise.all([json!, msgpack!].map((client) => expectFatal(client, code)));
    expect(errors[0]).toEqual(errors[1]);
  });

  it('audio is start-expected', async () => {
    const client = await connect();
    client.sendBytes(new Uint8Array(320));
    expect((await expectFatal(client, 'start-expected')).message).toContain('Audio comes after it.');
  });

  it('start with half a surrogate pair in the speaker is out-of-range', async () => {
    const client = await connect();
    client.sendJson({ ...START, speaker: '\ud83d' });
    await expectFatal(client, 'out-of-range');
  });

  it('start with a number that is none is out-of-range', async () => {
    const client = await connect(MSGPACK_SUBPROTOCOL);
    client.send({ ...START, sampleRate: Number.NaN });
    await expectFatal(client, 'out-of-range');
  });

  it('start may hold what a newer client knows', async () => {
    const client = await openStream(server, { future: { a: [1] } } as object);
    client.close();
  });

  it.each(['en', 'EN', 'en-GB'])('start with the language %s is taken', async (language) => {
    const client = await openStream(server, { language });
    client.close();
  });
});

describe('Garbage', () => {
  it.each<[string, string]>([
    ['words', 'hello'],
    ['nothing', ''],
    ['half an object', '{"type":"start"'],
    ['an array', '[{"type":"start"}]'],
    ['null', 'null'],
    ['a number', '1e999'],
    ['an object whose prototype claims to be a start', '{"__proto__":{"type":"start"}}'],
    ['ten thousand opening brackets', '['.repeat(10_000)],
    ['objects a thousand deep', `${'{"type":'.repeat(1000)}1${'}'.repeat(1000)}`],
    ['a number of ten thousand digits for a type', `{"type":${'9'.repeat(10_000)}}`],
  ])('as text, %s, is bad-message', async (_, text) => {
    const client = await connect();
    client.socket.send(text);
    await expectFatal(client, 'bad-message');
  });

  it('as text that is no UTF-8 only ends its own connection', async () => {
    const client = await connect();
    client.socket.send(Uint8Array.of(0xff, 0xfe, 0xc0), { binary: false });
    const { code } = await client.closed;
    // The library hangs up before anybody sees such a message.
    expect([1006, 1007]).toContain(code);
  });

  const bytes = (...values: number[]) => Uint8Array.from(values);

  it.each<[string, () => Uint8Array]>([
    ['no bytes', () => bytes()],
    ['the one byte that MessagePack never uses', () => bytes(0xc1)],
    ['an array that claims four billion entries', () => bytes(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['a map that claims four billion entries', () => bytes(0xdf, 0xff, 0xff, 0xff, 0xff)],
    ['a text that claims four gigabytes', () => bytes(0xdb, 0xff, 0xff, 0xff, 0xff)],
    ['bytes that claim four gigabytes', () => bytes(0xc6, 0xff, 0xff, 0xff, 0xff)],
    ['arrays of millions within arrays of millions', () => repeated([0xdd, 0, 0x0f, 0xff, 0xff], 3000)],
    ['arrays ten thousand deep', () => new Uint8Array(10_000).fill(0x91)],
    ['maps deep in maps', () => repeated([0x81, 0xa1, 0x61], 5000)],
    [
      'an integer of ten thousand bytes',
      () => Uint8Array.from([0xc9, 0, 0, 0x27, 0x10, 0x42, ...repeated([0x7f], 10_000)]),
    ],
    ['an extension that nobody knows', () => bytes(0xd4, 0x11, 0)],
    ['a regular expression for a message', () => pack(/(a+)+$/)],
    ['a message followed by another', () => Buffer.concat([pack(START), pack(START)])],
    ['text where a map belongs', () => pack('start')],
    ['a map whose keys are numbers', () => pack(new Map([[1, 'start']]))],
  ])('as MessagePack, %s, is bad-message', async (_, makeBytes) => {
    const client = await connect(MSGPACK_SUBPROTOCOL);
    client.sendBytes(makeBytes());
    await expectFatal(client, 'bad-message');
  });

  it('as text in the msgpack subprotocol is bad-message', async () => {
    const client = await connect(MSGPACK_SUBPROTOCOL);
    client.sendJson(START);
    expect((await expectFatal(client, 'bad-message')).message).toContain('binary messages only');
  });

  it('that defines a msgpackr record changes nothing for anybody else', async () => {
    const client = await connect(MSGPACK_SUBPROTOCOL);
    // Defines what the byte 0x40 stands for; it is the number 64 to everybody else.
    client.sendBytes(new Packr({ useRecords: true }).pack({ ...START, sampleRate: 64 }));
    await expectFatal(client, 'out-of-range');
    const other = await openStream(server, { subprotocol: MSGPACK_SUBPROTOCOL });
    for (const id of [0x40, 0x41, 0x7f]) await other.passMarker(id);
    other.close();
  });
});

describe('A control message within a stream', () => {
  it.each<[string, ErrorCode, object]>([
    ['a second start', 'already-started', START],
    ['a second start that is wrong', 'out-of-range', { ...START, sampleRate: 1 }],
    ['a marker without an id', 'bad-message', { type: 'marker' }],
    ['a marker with a negative id', 'out-of-range', { type: 'marker', id: -1 }],
    ['a marker with a fraction for an id', 'out-of-range', { type: 'marker', id: 0.5 }],
    ['a marker whose id is too large', 'out-of-range', { type: 'marker', id: 2 ** 53 }],
    ['an unknown type', 'bad-message', { type: 'pause' }],
  ])('of %s is %s', async (_, code, message) => {
    const client = await openStream(server);
    client.send(message);
    await expectFatal(client, code);
  });

  it('reaches the others of the meeting as a speaker who left, no more', async () => {
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/bystanders/captions`);
    await viewer.next('watching');
    const client = await openStream(server, { meeting: 'bystanders', speaker: 'Eve' });
    client.send({ type: 'nonsense' });
    await expectFatal(client, 'bad-message');
    expect((await viewer.next('speaker-left')).speaker).toBe('Eve');
    expect(viewer.all('error')).toEqual([]);
    await bystander().passMarker(1);
    viewer.close();
  });
});

function repeated(pattern: readonly number[], times: number): Uint8Array {
  const whole = new Uint8Array(pattern.length * times);
  for (let i = 0; i < times; i++) whole.set(pattern, i * pattern.length);

  return whole;
}
