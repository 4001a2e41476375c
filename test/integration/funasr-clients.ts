import { setTimeout } from 'node:timers/promises';
import { encode } from '../support/audio.ts';
import { JsonSocket } from '../support/json-socket.ts';

/** What FunASR's server says, as far as its clients read it. */
export interface Result {
  readonly mode?: '2pass-online' | '2pass-offline' | 'online' | 'offline' | '2pass';
  readonly text?: string;
  readonly slice_type?: number;
  readonly wav_name: string;
  readonly is_final: boolean;
  readonly is_end?: boolean;
  readonly error?: string;
  readonly timestamp?: string;
  readonly stamp_sents?: readonly object[];
}

/** What a client came to show, and all that it was told. */
export interface Shown {
  readonly text: string;
  readonly results: readonly Result[];
  readonly closed: { readonly code: number; readonly reason: string };
}

/** 60 ms at 16 kHz, which all of them send at a time. */
const CHUNK_BYTES = 1920;

const PYTHON = {
  ...{ chunk_size: [5, 10, 5], chunk_interval: 10 },
  ...{ encoder_chunk_look_back: 4, decoder_chunk_look_back: 0, audio_fs: 16_000 },
  ...{ wav_name: 'demo', wav_format: 'pcm', is_speaking: true, hotwords: '', itn: true },
};

/**
 * As the Python client: offers the subprotocol `binary`, sends a recording in pieces, ends it with `is_end`, awaits the answer
 * to that, and hangs up.
 */
export async function python(
  url: string,
  samples: Float32Array,
  mode: '2pass' | 'online' | 'offline',
): Promise<Shown> {
  const client = await JsonSocket.connect<Result>(url, ['binary']);
  client.send(JSON.stringify({ mode, ...PYTHON }));
  const audio = encode('pcm_s16le', samples);
  for (let at = 0; at < audio.length; at += CHUNK_BYTES) client.send(audio.subarray(at, at + CHUNK_BYTES));

  return endPython(client);
}

/** As the Python client with a microphone, until words have come twice. */
export async function pythonMicrophone(url: string, samples: Float32Array): Promise<Shown> {
  const client = await JsonSocket.connect<Result>(url, ['binary']);
  client.send(JSON.stringify({ mode: '2pass', ...PYTHON }));
  const audio = encode('pcm_s16le', samples);
  for (let at = 0; at < audio.length && client.messages.length < 2; at += CHUNK_BYTES) {
    client.send(audio.subarray(at, at + CHUNK_BYTES));
    await setTimeout(60);
  }

  return endPython(client);
}

/** Words are appended, sentences take their place. */
async function endPython(client: JsonSocket<Result>): Promise<Shown> {
  client.send(JSON.stringify({ is_speaking: false, is_end: true }));
  await client.until(() => client.messages.some(({ is_end }) => is_end === true));
  client.close();
  let [sentences, words] = ['', ''];
  for (const { mode, text = '' } of client.messages) {
    if (mode === 'online' || mode === 'offline') sentences += text;
    else if (mode === '2pass-online') words += text;
    else if (mode) [sentences, words] = [sentences + text, ''];
  }

  return { text: sentences + words, results: client.messages, closed: await client.closed };
}

/**
 * As the HTML5 page with a recording: the whole file, its header too, in the mode offline; hangs up at the last message.
 * @param rate of the recording.
 */
export async function page(url: string, wav: Uint8Array, rate: number): Promise<Shown> {
  const client = await JsonSocket.connect<Result>(url);
  const common = { chunk_size: [5, 10, 5], wav_name: 'h5', chunk_interval: 10, mode: 'offline' };
  client.send(JSON.stringify({ ...common, is_speaking: true, itn: true, wav_format: 'PCM', audio_fs: rate }));
  // What is left after the last whole piece goes with the end.
  for (let at = 0; at < wav.length; at += 960) client.send(wav.subarray(at, at + 960));
  client.send(JSON.stringify({ ...common, is_speaking: false }));

  return hangUpAtLast(client);
}

/** As the C++ client: whole messages of a recording, without a subprotocol; goes away at the last message. */
export async function cpp(url: string, samples: Float32Array): Promise<Shown> {
  const client = await JsonSocket.connect<Result>(url);
  client.send(
    '{"audio_fs":16000,"chunk_size":[5,10,5],"hotwords":"{\\"hello world\\":40}","is_speaking":true,"itn":true,"mode":"2pass","wav_format":"pcm","wav_name":"wav_id"}',
  );
  const audio = encode('pcm_s16le', samples);
  for (let at = 0; at < audio.length; at += 204_800) client.send(audio.subarray(at, at + 204_800));
  client.send('{"is_speaking":false}');

  return hangUpAtLast(client);
}

async function hangUpAtLast(client: JsonSocket<Result>): Promise<Shown> {
  await client.until(() => client.messages.some(({ is_final }) => is_final));
  client.close();
  const text = client.messages.flatMap((result) =>
    result.mode?.endsWith('offline') ? (result.text ?? []) : [],
  );

  return { text: text.join(''), results: client.messages, closed: await client.closed };
}
