import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { countWordErrors } from '../../bench/word-error-rate.ts';
import type { ErrorMessage, StartMessage } from '../../client-sdk/protocol.ts';
import { ERRORS, type ErrorCode } from '../../server/errors.ts';
import { type Clip, encode } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import type { RunningServer } from '../support/running-server.ts';

/** How a stream is spoken. */
export interface SpeakOptions extends Partial<StartMessage> {
  readonly subprotocol?: string;
  /** Bytes in one message; all of them when left out. */
  readonly chunkBytes?: number;
}

/** Connects as a speaker and starts. */
export async function openStream(server: RunningServer, options: SpeakOptions = {}): Promise<RawClient> {
  const { subprotocol, chunkBytes: _, ...start } = options;
  const client = await RawClient.connect(`${server.socketUrl}/v1/stream`, subprotocol, server.key);
  await client.start(start);

  return client;
}

/** Sends coded audio as one stream from start to `done`. @returns the client, its connection ended. */
export async function speakBytes(
  server: RunningServer,
  audio: Uint8Array,
  options: SpeakOptions = {},
): Promise<RawClient> {
  const client = await openStream(server, options);
  const step = options.chunkBytes ?? audio.length;
  for (let at = 0; at < audio.length; at += step) client.sendAudio(audio.subarray(at, at + step));
  client.send({ type: 'stop' });
  expect(await client.closed).toEqual({ code: 1000, reason: 'done' });

  return client;
}

/** `speakBytes` for samples at 16 kHz, sent as 16-bit PCM. */
export function speak(
  server: RunningServer,
  samples: Float32Array,
  options: SpeakOptions = {},
): Promise<RawClient> {
  return speakBytes(server, encode('pcm_s16le', samples), options);
}

/** The text of all finals. */
export function textOf(client: RawClient): string {
  return client
    .all('final')
    .map(({ text }) => text)
    .join(' ');
}

/** Share of the reference's words that came out wrong. */
export function wordErrorShare(client: RawClient, reference: string): number {
  const { errors, words } = countWordErrors(reference, textOf(client));

  return errors / words;
}

/** Checks that a connection ends with an error exactly as the table has it. @returns the error. */
export async function expectFatal(client: RawClient, code: ErrorCode): Promise<ErrorMessage> {
  const ended = await client.closed;
  const error = client.messages.at(-1) as ErrorMessage | undefined;
  const { retryable, fatal, text, closeCode } = ERRORS[code];
  expect(error).toMatchObject({ type: 'error', code, retryable, fatal: true });
  expect(fatal).toBe(true);
  expect(error!.message.startsWith(text)).toBe(true);
  expect(ended).toEqual({ code: closeCode, reason: code });

  return error!;
}

/**
 * For every test of the file, or for all of them together: a stream beside it that began before and ends after, and has
 * to come to its words and its balanced books whatever the test does.
 * @returns the bystander of the running test.
 */
export function watchOverBystander(
  server: () => RunningServer,
  clip: () => Clip,
  per: 'test' | 'file' = 'test',
): () => RawClient {
  let bystander: RawClient;
  let rest: Uint8Array;
  const [before, after] = per === 'test' ? [beforeEach, afterEach] : [beforeAll, afterAll];
  before(async () => {
    const audio = encode('pcm_s16le', clip().samples);
    const half = Math.floor(audio.length / 4) * 2;
    bystander = await openStream(server(), { partials: false, meeting: 'bystanders' });
    bystander.sendAudio(audio.subarray(0, half));
    rest = audio.subarray(half);
  });
  after(async () => {
    bystander.sendAudio(rest);
    bystander.send({ type: 'stop' });
    expect(await bystander.closed).toEqual({ code: 1000, reason: 'done' });
    expect(bystander.all('error')).toEqual([]);
    expect(wordErrorShare(bystander, clip().reference)).toBeLessThanOrEqual(0.25);
    const { receivedMs, droppedMs } = bystander.all('done')[0]!;
    expect({ receivedMs, droppedMs }).toEqual({
      receivedMs: Math.round((clip().samples.length * 1000) / 16_000),
      droppedMs: 0,
    });
  });

  return () => bystander;
}
