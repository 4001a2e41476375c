import fc from 'fast-check';
import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL, type ServerMessage } from '../client-sdk/protocol.ts';
import { StreamError } from '../server/errors.ts';
import { readControlMessage } from '../server/net/client-messages.ts';
import { CODECS, chooseCodec } from '../server/net/codec.ts';

const json = chooseCodec(JSON_SUBPROTOCOL)!;
const msgpack = chooseCodec(MSGPACK_SUBPROTOCOL)!;

function bytes(data: Uint8Array | string): ArrayBuffer {
  return Uint8Array.from(typeof data === 'string' ? Buffer.from(data) : data).buffer;
}

function codeOf(action: () => unknown): string | null {
  try {
    action();
  } catch (error) {
    if (error instanceof StreamError) return error.code;
    throw error;
  }

  return null;
}

const ack: ServerMessage = { type: 'ack', acknowledgedMs: 1234 };

describe('Codec choice', () => {
  test('takes the first subprotocol the client names that is known', () => {
    expect(chooseCodec('other, roundtable.v1.msgpack, roundtable.v1.json')).toBe(msgpack);
    expect(chooseCodec('roundtable.v1.json,roundtable.v1.msgpack')).toBe(json);
  });

  test('takes JSON for a client that names none, and none for one that names only others', () => {
    expect(chooseCodec('')).toBe(json);
    expect(chooseCodec('  ')).toBe(json);
    expect(chooseCodec('graphql-ws')).toBeNull();
  });
});

describe('JSON codec', () => {
  test('writes a message as JSON text', () => {
    expect(json.binary).toBe(false);
    expect(JSON.parse(Buffer.from(json.encode(ack)).toString())).toEqual(ack);
  });

  test('reads binary messages as audio, in place, and text as control', () => {
    const data = bytes(Uint8Array.of(1, 2, 3));
    const audio = json.decode(data, true);
    expect(audio).toEqual({ type: 'audio', pcm: Uint8Array.of(1, 2, 3) });
    expect(audio.type === 'audio' && audio.pcm.buffer).toBe(data);
    expect(json.decode(bytes('{"type":"flush","extra":[1]}'), false)).toEqual({
      type: 'control',
      fields: { type: 'flush', extra: [1] },
    });
  });

  test.each(['', '{', 'null', '7', '"text"', '[{"type":"flush"}]', '\u0000'])(
    'refuses %j as a message',
    (text) => {
      expect(codeOf(() => json.decode(bytes(text), false))).toBe('bad-message');
    },
  );

  test('refuses text that is not UTF-8', () => {
    const data = bytes(Uint8Array.of(...Buffer.from('{"type":"'), 0xff, ...Buffer.from('"}')));
    expect(codeOf(() => json.decode(data, false))).toBe('bad-message');
  });

  test('says so when audio comes as text', () => {
    expect(codeOf(() => json.decode(bytes('{"type":"audio","pcm":"AAAA"}'), false))).toBe('audio-not-binary');
  });
});

describe('MessagePack codec', () => {
  test('writes a message that any MessagePack library reads', () => {
    expect(msgpack.binary).toBe(true);
    // A map of two, spelt out: no record extension.
    const expected = [0xde, 0, 2, 0xa4, ...Buffer.from('type'), 0xa3, ...Buffer.from('ack'), 0xae];
    expect([...msgpack.encode(ack)].slice(0, expected.length)).toEqual(expected);
  });

  test('does not write one message over the one before', () => {
    const first = msgpack.encode(ack);
    const copy = Uint8Array.from(first);
    msgpack.encode({ type: 'ack', acknowledgedMs: 9999 });
    expect(first).toEqual(copy);
    expect(first.buffer.byteLength).toBe(first.length);
  });

  test('reads audio and control', () => {
    const pcm = Uint8Array.of(1, 2, 3);
    expect(msgpack.decode(bytes(pack({ type: 'audio', pcm: Buffer.from(pcm) })), true)).toMatchObject({
      type: 'audio',
      pcm,
    });
    expect(msgpack.decode(bytes(pack({ type: 'marker', id: 5 })), true)).toEqual({
      type: 'control',
      fields: { type: 'marker', id: 5 },
    });
  });

  test('reads 64-bit integers as numbers', () => {
    const idBytes = [0xcf, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    const data = Uint8Array.of(
      0x82,
      0xa4,
      ...Buffer.from('type'),
      0xa6,
      ...Buffer.from('marker'),
      0xa2,
      0x69,
      0x64,
      ...idBytes,
    );
    expect(msgpack.decode(bytes(data), true)).toMatchObject({ fields: { id: Number.MAX_SAFE_INTEGER } });
  });

  test('takes binary messages only', () => {
    expect(codeOf(() => msgpack.decode(bytes('{"type":"flush"}'), false))).toBe('bad-message');
  });

  test.each([
    ['nothing', Uint8Array.of()],
    ['a number', pack(7)],
    ['a list', pack([1])],
    ['bytes alone', pack(Buffer.of(1))],
    ['a value cut short', pack({ type: 'flush' }).subarray(0, 5)],
    ['two values', Uint8Array.of(...pack({ type: 'flush' }), ...pack(1))],
    ['a list said to be of 4 billion', Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['a map said to be of 4 billion', Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff)],
    ['ten thousand lists within each other', new Uint8Array(10_000).fill(0x91)],
  ])('refuses %s', (_, data) => {
    expect(codeOf(() => msgpack.decode(bytes(data), true))).toBe('bad-message');
  });

  test('refuses to parse anything large that is not audio', () => {
    expect(codeOf(() => msgpack.decode(bytes(new Uint8Array(16_385).fill(0x91)), true))).toBe(
      'message-too-large',
    );
  });

  test('says so when audio holds no bytes', () => {
    for (const pcm of ['AAAA', [1, 2], undefined, null]) {
      expect(codeOf(() => msgpack.decode(bytes(pack({ type: 'audio', pcm })), true))).toBe(
        'audio-not-binary',
      );
    }
  });
});

describe.each(CODECS)('The codec $subprotocol', (codec) => {
  /** Bytes like those of MessagePack's containers and extensions, and of JSON's signs, are likelier than others. */
  const likely = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(
      0xc1,
      0xc4,
      0xc7,
      0xc8,
      0xd4,
      0xd5,
      0xd6,
      0xd8,
      0x72,
      0x69,
      0x70,
      0x73,
      0x78,
      0x65,
      0x40,
      0x81,
      0xdd,
    ),
    fc.constantFrom(...Buffer.from('{}[]":,type')),
  );
  const garbage = fc.array(likely, { maxLength: 60 }).map((list) => Uint8Array.from(list));

  test('throws nothing but a StreamError, whatever it reads, nor does the reader after it', () => {
    fc.assert(
      fc.property(garbage, fc.boolean(), (data, isBinary) => {
        codeOf(() => {
          const message = codec.decode(bytes(data), isBinary);
          if (message.type === 'control') readControlMessage(message.fields, { maxHotWords: 500 });
        });
      }),
      { numRuns: 3000 },
    );
  });

  test('reads the next message rightly after garbage', () => {
    const next = codec.binary ? pack({ type: 'marker', id: 64 }) : '{"type":"marker","id":64}';
    fc.assert(
      fc.property(garbage, (data) => {
        codeOf(() => codec.decode(bytes(data), codec.binary));
        expect(codec.decode(bytes(next), codec.binary)).toEqual({
          type: 'control',
          fields: { type: 'marker', id: 64 },
        });
      }),
      { numRuns: 1000 },
    );
  });

  test('encodes a message once for all who get it, and another one anew', () => {
    const message: ServerMessage = { type: 'marker', id: 1 };
    expect(codec.encode(message)).toBe(codec.encode(message));
    expect(codec.encode({ type: 'marker', id: 2 })).not.toEqual(codec.encode(message));
  });
});
