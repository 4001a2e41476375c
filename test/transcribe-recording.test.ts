import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { DoneMessage, SpeakerServerMessage } from '../client-sdk/protocol.ts';
import { transcribeRecording } from '../server/transcribe/transcribe-recording.ts';
import { caption, scriptServer } from './support/scripted-server.ts';

/** 3360 ms. */
const RECORDING = fileURLToPath(new URL('fixtures/audio/2609-156975-0003.flac', import.meta.url));

const BYTES_PER_MS = 32;

function done(receivedMs: number): DoneMessage {
  return {
    type: 'done',
    streamId: 's',
    captions: 1,
    receivedMs,
    transcribedMs: receivedMs,
    silenceMs: 0,
    droppedMs: 0,
  };
}

/** Calls back once a client has sent so much audio; with Infinity when it has said `stop`. */
function onceSent(ms: number, socket: WebSocket, callback: () => void): void {
  let bytes = 0;
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    const hadEnough = bytes >= ms * BYTES_PER_MS;
    if (isBinary) bytes += data.length;
    const isStop = !isBinary && JSON.parse(data.toString()).type === 'stop';
    if (ms === Number.POSITIVE_INFINITY ? isStop : !hadEnough && bytes >= ms * BYTES_PER_MS) callback();
  });
}

async function transcribe(
  behave: (say: (message: SpeakerServerMessage) => void, socket: WebSocket) => void,
  before: readonly SpeakerServerMessage[] = [],
  giveUpAfterMs = 0,
): Promise<{ readonly heard: readonly string[]; readonly outcome: unknown }> {
  const server = await scriptServer(behave, before);
  const heard: string[] = [];
  const outcome = await transcribeRecording(RECORDING, {
    url: server.url,
    pace: 'fast',
    giveUpAfterMs,
    signal: new AbortController().signal,
    onWaiting: ({ ahead }) => heard.push(`${ahead} ahead`),
    onPartial: (text) => heard.push(text),
    onFinal: ({ text }) => heard.push(text),
    onWarning: (sentence) => heard.push(sentence),
  }).catch((error: unknown) => error);
  server.close();

  return { heard, outcome };
}

describe('transcribeRecording', () => {
  it("passes no control characters of a server's on", async () => {
    const hostile = '\x1b]0;title\x07\x1b[2Jone\r\ntwo\x9b31m \x08three\x00';
    const { heard, outcome } = await transcribe((say, socket) => {
      say(caption('partial', hostile));
      say({ type: 'error', code: 'busy', message: hostile, retryable: true, fatal: false });
      say(caption('final', hostile));
      onceSent(Number.POSITIVE_INFINITY, socket, () => say(done(3360)));
    });
    expect(heard).toHaveLength(3);
    for (const text of heard) {
      expect(text).not.toMatch(/\p{Cc}/u);
      expect(text.trim().split(/ +/)).toEqual(['one', 'two', 'three']);
    }
    expect(outcome).toMatchObject({ finals: [{ text: heard[2] }] });
  });

  it('tells the place in the line until the server has room', async () => {
    const places = [2, 0].map((ahead) => ({ type: 'waiting' as const, ahead, expectedWaitMs: null }));
    const { heard, outcome } = await transcribe((say, socket) => {
      onceSent(Number.POSITIVE_INFINITY, socket, () => say(done(3360)));
    }, places);
    expect(heard).toEqual(['2 ahead', '0 ahead']);
    expect(outcome).toMatchObject({ finals: [] });
  });

  it.each<[string, (say: (message: SpeakerServerMessage) => void, socket: WebSocket) => void, string]>([
    [
      'that is done before the recording is',
      (say, socket) =>
        onceSent(1200, socket, () => {
          say(done(1200));
          socket.close(1000);
        }),
      'stopped before the end. .* is captioned up to 1.2 of 3.4 s.$',
    ],
    [
      'that hangs up without a word',
      (say, socket) =>
        onceSent(800, socket, () => {
          say({ type: 'ack', acknowledgedMs: 800 });
          socket.close(1000);
        }),
      String.raw`broke: The connection was closed \(1000\)\. .* is captioned up to 0.8 of 3.4 s.$`,
    ],
    [
      'that refuses to go on',
      (say, socket) => {
        say({ type: 'error', code: 'idle\x07', message: 'No \x1b[1maudio.', retryable: true, fatal: true });
        socket.close(4000);
      },
      String.raw`says: No audio. \(idle \) .* is captioned up to 0.0 of 3.4 s.$`,
    ],
    [
      'that names a time to come again',
      (say, socket) => {
        say({
          type: 'error',
          code: 'busy',
          message: 'Busy.',
          retryable: true,
          fatal: true,
          retryAfterMs: 4100,
        });
        socket.close(4503);
      },
      String.raw`says: Busy. \(busy\) Try again in 5 s\. `,
    ],
    [
      'whose connection breaks',
      (_, socket) => socket.terminate(),
      String.raw`broke: The connection was closed \(1006\)\. .* is captioned up to 0.0 of 3.4 s.$`,
    ],
  ])('says how far it came with a server %s', async (_, behave, sentence) => {
    const { outcome } = await transcribe(behave);
    expect(outcome).toMatchObject({ name: 'Failure', message: expect.stringMatching(new RegExp(sentence)) });
  });

  it('goes on when a lost connection can be made again', async () => {
    let connections = 0;
    const { heard, outcome } = await transcribe(
      (say, socket) => {
        if (connections++ === 0) onceSent(1000, socket, () => socket.terminate());
        else
          onceSent(Number.POSITIVE_INFINITY, socket, () => {
            say(caption('final', 'one'));
            say(done(3360));
          });
      },
      [],
      10_000,
    );
    expect(connections).toBe(2);
    expect(heard).toEqual(['The connection was closed (1006). Trying again.', 'one']);
    expect(outcome).toMatchObject({ finals: [{ text: 'one' }], done: { receivedMs: 3360 } });
  });
});
