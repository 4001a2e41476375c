import { Packr } from 'msgpackr';
import { JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL, type ServerMessage } from '../../client-sdk/protocol.ts';
import { StreamError } from '../errors.ts';

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
  /** The last message encoded is remembered, so that what goes to many viewers is encoded once. */
  encode(message: ServerMessage): string | Uint8Array;
  /**
   * @param data valid during the call only; audio in the result points into it.
   * @throws {StreamError} `bad-message` or `audio-not-binary`.
   */
  decode(data: ArrayBuffer, isBinary: boolean): Incoming;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

class JsonCodec implements Codec {
  readonly subprotocol = JSON_SUBPROTOCOL;
  readonly binary = false;
  readonly encode = rememberLast((message) => JSON.stringify(message));

  decode(data: ArrayBuffer, isBinary: boolean): Incoming {
    if (isBinary) return { type: 'audio', pcm: new Uint8Array(data) };
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

/** Records are off: the encoding has to be plain MessagePack, which any library reads. */
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

class MsgpackCodec implements Codec {
  readonly subprotocol = MSGPACK_SUBPROTOCOL;
  readonly binary = true;
  // Copied out, because msgpackr packs message after message into one large buffer.
  readonly encode = rememberLast((message) => Uint8Array.from(packr.pack(message)));

  decode(data: ArrayBuffer, isBinary: boolean): Incoming {
    if (!isBinary) throw new StreamError('bad-message', 'This subprotocol takes binary messages only.');
    let fields: unknown;
    try {
      fields = packr.unpack(new Uint8Array(data));
    } catch {
      throw new StreamError('bad-message', 'The bytes are no MessagePack value.');
    }
    if (!isFields(fields) || fields.type !== 'audio') return control(fields);
    if (!(fields.pcm instanceof Uint8Array))
      throw new StreamError('audio-not-binary', 'pcm has to be of type bin.');

    return { type: 'audio', pcm: fields.pcm };
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

function control(fields: unknown): Incoming {
  if (!isFields(fields)) throw new StreamError('bad-message', 'A message is an object with a type.');

  return { type: 'control', fields };
}

function isFields(value: unknown): value is Fields {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function rememberLast<T>(encode: (message: ServerMessage) => T): (message: ServerMessage) => T {
  let last: { readonly message: ServerMessage; readonly encoded: T } | null = null;

  return (message) => {
    if (last?.message !== message) last = { message, encoded: encode(message) };

    return last.encoded;
  };
}
