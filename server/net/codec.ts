import { Packr } from 'msgpackr';
import { JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL, type ServerMessage } from '../../client-sdk/protocol.ts';
import { StreamError } from '../errors.ts';
import { readAudioMap } from './msgpack-audio.ts';

/** A message from the wire, its shape not yet checked. `pcm` may point into the socket's own buffer. */
export type Incoming =
  | { readonly type: 'audio'; readonly pcm: Uint8Array }
  | { readonly type: 'control'; readonly fields: Fields };

/** An object that came from outside. */
export type Fields = Readonly<Record<string, unknown>>;

/** One encoding of the native protocol. */
export interface Codec {
  readonly subprotocol: string;
  /** Whether encoded messages are binary. */
  readonly binary: boolean;
  /**
   * The last message encoded is remembered, so that what goes to many viewers is encoded once.
   * @returns bytes that are shared and never change; text is in UTF-8.
   */
  encode(message: ServerMessage): Uint8Array;
  /**
   * @param data valid during the call only; audio in the result points into it.
   * @throws {StreamError} `bad-message` or `audio-not-binary`.
   */
  decode(data: ArrayBuffer, isBinary: boolean): Incoming;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const utf8Encoder = new TextEncoder();

class JsonCodec implements Codec {
  readonly subprotocol = JSON_SUBPROTOCOL;
  readonly binary = false;
  readonly encode = rememberLast((message) => utf8Encoder.encode(JSON.stringify(message)));

  decode(data: ArrayBuffer, isBinary: boolean): Incoming {
    if (isBinary) return { type: 'audio', pcm: new Uint8Array(data) };
    limitControl(data.byteLength);
    let fields: unknown;
    try {
      fields = JSON.parse(utf8.decode(data));
    } catch {
      throw new StreamError('bad-message', 'Text has to be a JSON object; audio goes into binary messages.');
    }
    if (isFields(fields) && fields.type === 'audio') {
      throw new StreamError('audio-not-binary', 'Send the bytes as a binary message.');
    }

    return control(fields);
  }
}

/** Longest message that is not audio. Parsing one takes well under a millisecond, whatever is in it. */
const MAX_CONTROL_BYTES = 16_384;

/** Records are off: the encoding has to be plain MessagePack, which any library reads. */
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

class MsgpackCodec implements Codec {
  readonly subprotocol = MSGPACK_SUBPROTOCOL;
  readonly binary = true;
  // Copied out, because msgpackr packs message after message into one large buffer.
  readonly encode = rememberLast((message) => Uint8Array.from(packr.pack(message)));

  decode(data: ArrayBuffer, isBinary: boolean): Incoming {
    if (!isBinary) throw new StreamError('bad-message', 'This subprotocol takes binary messages only.');
    const bytes = new Uint8Array(data);
    const pcm = readAudioMap(bytes);
    if (pcm) return { type: 'audio', pcm };
    limitControl(bytes.length);
    let fields: unknown;
    try {
      fields = packr.unpack(bytes);
    } catch {
      throw new StreamError('bad-message', 'The bytes are no MessagePack value.');
    }
    if (isFields(fields) && fields.type === 'audio') {
      throw new StreamError(
        'audio-not-binary',
        'An audio message is a map of type and pcm, pcm being of type bin.',
      );
    }

    return control(fields);
  }
}

/** All codecs, the one for clients that name no subprotocol first. */
export const CODECS: readonly Codec[] = [new JsonCodec(), new MsgpackCodec()];

/** The codec for a `Sec-WebSocket-Protocol` header, by the client's preference; null when it names none of ours. */
export function chooseCodec(offered: string): Codec | null {
  if (offered.trim() === '') return CODECS[0]!;
  for (const name of offered.split(',')) {
    const codec = CODECS.find(({ subprotocol }) => subprotocol === name.trim());
    if (codec) return codec;
  }

  return null;
}

/** @throws {StreamError} `message-too-large`. */
function limitControl(bytes: number): void {
  if (bytes > MAX_CONTROL_BYTES) {
    throw new StreamError(
      'message-too-large',
      `Without audio a message holds at most ${MAX_CONTROL_BYTES} bytes.`,
    );
  }
}

function control(fields: unknown): Incoming {
  if (!isFields(fields)) throw new StreamError('bad-message', 'A message is an object with a type.');

  return { type: 'control', fields };
}

function isFields(value: unknown): value is Fields {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

/** Remembers the last message that was encoded, for those that go to many. */
export function rememberLast(encode: (message: ServerMessage) => Uint8Array): Codec['encode'] {
  let last: { readonly message: ServerMessage; readonly encoded: Uint8Array } | null = null;

  return (message) => {
    if (last?.message !== message) last = { message, encoded: encode(message) };

    return last.encoded;
  };
}
