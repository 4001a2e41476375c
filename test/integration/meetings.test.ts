import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { JSON_SUBPROTOCOL, MSGPACK_SUBPROTOCOL, type ServerMessage } from '../../client-sdk/protocol.ts';
import { type Clip, encode, readClips } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectFatal, openStream, speak, watchOverBystander } from './speech.ts';

let server: RunningServer;
let clips: readonly Clip[];
let meetings = 0;
let meeting: string;

beforeAll(async () => {
  [server, clips] = await Promise.all([startRoundtable(['--resume-window-ms', '0']), readClips()]);
});

beforeEach(() => {
  meeting = `meeting ${++meetings} / élan & 会議`;
});

afterAll(() => server.stop());

watchOverBystander(
  () => server,
  () => clips[3]!,
);

async function watch(name: string, subprotocol?: string): Promise<RawClient> {
  const viewer = await RawClient.connect(
    `${server.socketUrl}/v1/meetings/${encodeURIComponent(name)}/captions`,
    subprotocol,
  );
  await viewer.next('watching');

  return viewer;
}

function captionsOf(client: RawClient): ServerMessage[] {
  return client.messages.filter(({ type }) => ['speech-started', 'partial', 'final'].includes(type));
}

describe("A meeting's viewer", () => {
  it.each([[JSON_SUBPROTOCOL], [MSGPACK_SUBPROTOCOL]])(
    'reads what each speaker reads, with names, in %s',
    async (subprotocol) => {
      const viewer = await watch(meeting, subprotocol);
      expect(viewer.messages).toEqual([{ type: 'watching', version: 1, meeting }]);
      const speakers = await Promise.all([
        speak(server, clips[0]!.samples, { meeting, speaker: 'Ada' }),
        speak(server, clips[3]!.samples, { meeting, speaker: 'Grace', subprotocol: MSGPACK_SUBPROTOCOL }),
      ]);
      await viewer.until(() => viewer.all('speaker-left').length === 2);
      for (const [i, name] of ['Ada', 'Grace'].entries()) {
        const read = captionsOf(viewer).filter((message) => 'speaker' in message && message.speaker === name);
        expect(read).toEqual(captionsOf(speakers[i]!));
        expect(read.some(({ type }) => type === 'final')).toBe(true);
      }
      viewer.close();
    },
  );

  it('hears of nothing that is said elsewhere', async () => {
    const [here, elsewhere] = await Promise.all([watch(meeting), watch(`${meeting}!`)]);
    await speak(server, clips[0]!.samples, { meeting, partials: false });
    await here.next('speaker-left');
    // A meeting of the stream's own, and one that differs in a blank around its name.
    await speak(server, clips[0]!.samples, { partials: false });
    await speak(server, clips[0]!.samples, { meeting: `  ${meeting}!  `, speaker: 'Ada', partials: false });
    await elsewhere.next('speaker-left');
    expect(here.messages.filter(({ type }) => type === 'final')).toHaveLength(1);
    expect(elsewhere.all('final').map(({ speaker }) => speaker)).toEqual(['Ada']);
    for (const viewer of [here, elsewhere]) viewer.close();
  });

  it('hears that a speaker left, after the last final, however the speaker left', async () => {
    const viewer = await watch(meeting);
    await speak(server, clips[0]!.samples, { meeting, speaker: 'Ada', partials: false });
    await viewer.until(() => viewer.all('speaker-left').length === 1);
    expect(viewer.messages.slice(-2)).toMatchObject([
      { type: 'final' },
      { type: 'speaker-left', speaker: 'Ada' },
    ]);

    const vanishing = await openStream(server, { meeting, speaker: 'Grace' });
    vanishing.sendAudio(encode('pcm_s16le', clips[1]!.samples));
    await vanishing.next('speech-started');
    vanishing.socket.terminate();
    await viewer.until(() => viewer.all('speaker-left').length === 2);
    expect(viewer.all('speaker-left')[1]).toMatchObject({ speaker: 'Grace', meeting });

    const faulty = await openStream(server, { meeting, speaker: 'Alan' });
    faulty.sendJson({ type: 'nonsense' });
    await viewer.until(() => viewer.all('speaker-left').length === 3);
    expect(viewer.all('speaker-left')[2]).toMatchObject({ speaker: 'Alan' });
    viewer.close();
  });

  it('reads the same as every other one', async () => {
    const viewers = await Promise.all(Array.from({ length: 8 }, () => watch(meeting)));
    await speak(server, clips[0]!.samples, { meeting });
    await Promise.all(viewers.map((viewer) => viewer.next('speaker-left')));
    for (const viewer of viewers) expect(viewer.messages).toEqual(viewers[0]!.messages);
    viewers[0]!.close();
    await viewers[0]!.closed;
    await speak(server, clips[2]!.samples, { meeting, partials: false });
    await viewers[1]!.until(() => viewers[1]!.all('speaker-left').length === 2);
    expect(viewers[0]!.all('speaker-left')).toHaveLength(1);
    for (const viewer of viewers) viewer.close();
  });

  it.each([
    ['text', (viewer: RawClient) => viewer.socket.send('hello')],
    ['a marker', (viewer: RawClient) => viewer.send({ type: 'marker', id: 1 })],
    ['audio', (viewer: RawClient) => viewer.sendBytes(new Uint8Array(64))],
  ])('only reads: %s ends its connection', async (what, send) => {
    const viewer = await watch(meeting);
    send(viewer);
    await expectFatal(viewer, what === 'text' ? 'bad-message' : 'viewer-cannot-send');
  });
});

describe('A speaker without a name', () => {
  it('is given the next number of the meeting', async () => {
    const viewer = await watch(meeting);
    for (const { samples } of clips.slice(0, 2)) await speak(server, samples, { meeting, partials: false });
    await speak(server, clips[2]!.samples, { meeting, speaker: ' Ada ', partials: false });
    await viewer.until(() => viewer.all('speaker-left').length === 3);
    expect(viewer.all('speaker-left').map(({ speaker }) => speaker)).toEqual([
      'Speaker 1',
      'Speaker 2',
      'Ada',
    ]);
    viewer.close();
  });
});

describe('A meeting name', () => {
  it.each([
    ['control characters', '%00'],
    ['a line break', 'stand%0Aup'],
    ['text direction overrides', 'evil%E2%80%AEtxt'],
    ['only blanks', '%20%20'],
    ['a broken escape sequence', '%E0%A4'],
    ['more than 128 characters', 'x'.repeat(129)],
  ])('of %s is refused', async (_, name) => {
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/${name}/captions`);
    await expectFatal(viewer, 'out-of-range');
  });

  it('of 128 characters is taken', async () => {
    const name = '会'.repeat(128);
    const viewer = await watch(name);
    expect(viewer.all('watching')[0]!.meeting).toBe(name);
    viewer.close();
  });

  it('of 10 KB is refused', async () => {
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/${'x'.repeat(10_240)}/captions`);
    await expectFatal(viewer, 'out-of-range');
  });
});
