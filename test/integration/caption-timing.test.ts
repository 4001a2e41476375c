import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaptionMessage } from '../../client-sdk/protocol.ts';
import { MSGPACK_SUBPROTOCOL } from '../../client-sdk/protocol.ts';
import { type Clip, encode, join, readClips, silence } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { openStream } from './speech.ts';

let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  [server, clips] = await Promise.all([startRoundtable(), readClips()]);
});

afterAll(() => server.stop());

const PARTS = ['audioWaitMs', 'batchWaitMs', 'inferenceMs', 'queueWaitMs', 'sendWaitMs'];

function captionsOf(client: RawClient): CaptionMessage[] {
  return [...client.all('partial'), ...client.all('final')];
}

/** Speaks until a partial is there, then a pause, and to the end. */
async function speakPartly(client: RawClient): Promise<void> {
  client.sendAudio(encode('pcm_s16le', clips[0]!.samples));
  await client.next('partial');
  client.sendAudio(encode('pcm_s16le', join(silence(1500), clips[3]!.samples)));
  client.send({ type: 'stop' });
  await client.closed;
  expect(client.all('partial').length).toBeGreaterThan(0);
  expect(client.all('final').length).toBeGreaterThan(1);
}

describe('A stream that asks for timing', () => {
  it.each([undefined, MSGPACK_SUBPROTOCOL])(
    'has it on every caption, in whole milliseconds of at least 0: %s',
    async (subprotocol) => {
      const client = await openStream(server, { timing: true, ...(subprotocol && { subprotocol }) });
      await speakPartly(client);
      for (const { timing } of captionsOf(client)) {
        expect(Object.keys(timing!).toSorted()).toEqual(PARTS);
        for (const ms of Object.values(timing!)) {
          expect(Number.isInteger(ms)).toBe(true);
          expect(ms).toBeGreaterThanOrEqual(0);
        }
      }
      expect(captionsOf(client).some(({ timing }) => timing!.inferenceMs > 0)).toBe(true);
    },
  );

  it('shows it to viewers too', async () => {
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/timed/captions`);
    await viewer.next('watching');
    const client = await openStream(server, { timing: true, meeting: 'timed' });
    await speakPartly(client);
    await viewer.next('speaker-left');
    expect(captionsOf(viewer)).toEqual(captionsOf(client));
    viewer.close();
  });
});

describe('A stream that does not', () => {
  it.each([{}, { timing: false }])('has none on any caption: %j', async (start) => {
    const client = await openStream(server, start);
    await speakPartly(client);
    for (const caption of captionsOf(client)) expect(caption).not.toHaveProperty('timing');
  });
});

describe('A start message', () => {
  it('whose timing is neither true nor false is a bad message', async () => {
    const client = await RawClient.connect(`${server.socketUrl}/v1/stream`);
    client.send({ type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le', timing: 1 });
    expect(await client.closed).toEqual({ code: 4400, reason: 'bad-message' });
  });
});
