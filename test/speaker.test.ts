import { describe, expect, it, vi } from 'vitest';
import { RoundtableError } from '../client-sdk/index.ts';
import { ModelServer } from './support/model-server.ts';
import { caption } from './support/scripted-server.ts';
import { SpeakerRig } from './support/speaker-rig.ts';

const SECOND = 16_000;

/** Connected and let in. */
async function live(...args: ConstructorParameters<typeof SpeakerRig>): Promise<SpeakerRig> {
  const rig = new SpeakerRig(...args);
  await rig.turn();

  return rig;
}

describe('openSpeaker', () => {
  it('starts a stream as its options say, with the key as a subprotocol', async () => {
    const rig = await live({
      url: 'https://example.org/captions/',
      ...{ meeting: 'standup', speaker: 'Ada', key: 'secret', language: 'en', partials: false, timing: true },
      words: true,
      ...{ hotWords: ['Ada', { text: 'New York', weight: 2 }], mask: ['darn'], numerals: true },
      endpointing: { minSilenceMs: 500 },
    });
    expect(rig.server.socket.url).toBe('wss://example.org/captions/v1/stream');
    expect(rig.server.socket.subprotocols).toEqual(['roundtable.v1.json', 'roundtable.key.secret']);
    expect(rig.server.heard).toEqual([
      {
        ...{ type: 'start', sampleRate: 16_000, encoding: 'pcm_f32le', channels: 1 },
        ...{ meeting: 'standup', speaker: 'Ada', language: 'en', partials: false, timing: true, words: true },
        ...{ hotWords: ['Ada', { text: 'New York', weight: 2 }], mask: ['darn'], numerals: true },
        endpointing: { minSilenceMs: 500 },
      },
    ]);
    expect(await rig.speaker.ready).toMatchObject({ streamId: 's0' });
    expect(rig.speaker).toMatchObject({
      state: 'live',
      streamId: 's0',
      meeting: 'standup',
      speakerName: 'Ada',
    });
    expect(rig.states).toEqual(['live']);
  });

  it.each([
    [{ sampleRate: 96_000 }, RangeError],
    [{ channels: 9 }, RangeError],
    [{ url: 'ftp://example.org' }, TypeError],
    [{ url: 'example' }, TypeError],
  ])('refuses %o at once', (options, error) => {
    expect(() => new SpeakerRig(options)).toThrow(error);
  });

  it('takes audio at once, and sends it when the server has room', async () => {
    const server = new ModelServer();
    server.isOpen = false;
    const rig = await live({}, server);
    rig.speak(SECOND);
    await rig.turn();
    expect(rig.speaker.state).toBe('waiting');
    expect(rig.all('waiting')).toMatchObject([{ ahead: 3, expectedWaitMs: 20_000 }]);
    server.isOpen = true;
    server.socket.cut();
    await rig.pass(1000);
    expect(server.stream.received).toHaveLength(SECOND);
  });

  it('ends with an error that no other try mends', async () => {
    const server = new ModelServer();
    server.refusal = { code: 'unauthorized', retryable: false };
    const rig = await live({}, server);
    await expect(rig.speaker.ready).rejects.toMatchObject({ code: 'unauthorized', retryable: false });
    await expect(rig.speaker.stop()).rejects.toBeInstanceOf(RoundtableError);
    expect(rig.failure).toMatchObject({ code: 'unauthorized' });
    expect(rig.speaker.state).toBe('closed');
    expect(() => rig.speak(1)).toThrow('closed');
    expect(rig.time.pendingTimers).toBe(0);
  });

  it('tries again when the server wants it to, not sooner', async () => {
    const server = new ModelServer();
    server.refusal = { code: 'busy', retryable: true, retryAfterMs: 7000 };
    const rig = await live({}, server);
    expect(rig.all('warning')).toMatchObject([{ error: { code: 'busy', retryAfterMs: 7000 } }]);
    await rig.pass(7000);
    expect(server.sockets).toHaveLength(1);
    await rig.pass(1000);
    expect(rig.speaker.state).toBe('live');
  });

  it('waits twice as long after each failure, up to the most, and gives up when it is told to', async () => {
    const server = new ModelServer();
    server.isUp = false;
    const rig = await live({ reconnect: { minMs: 1000, maxMs: 4000, giveUpAfterMs: 9000 } }, server);
    const attempts: number[] = [];
    for (let ms = 0; ms < 15_000; ms += 250) {
      const before = server.sockets.length;
      await rig.pass(250);
      if (server.sockets.length > before) attempts.push(ms + 250);
    }
    // Chance is always in the middle.
    expect(attempts).toEqual([500, 1500, 3500, 5500, 7500]);
    expect(rig.failure).toMatchObject({ code: 'connection-lost', retryable: true });
  });

  it('is closed by its signal', async () => {
    const abort = new AbortController();
    const rig = await live({ signal: abort.signal });
    const done = rig.speaker.stop();
    abort.abort();
    await expect(done).rejects.toMatchObject({ code: 'closed' });
    expect(rig.speaker.state).toBe('closed');
  });
});

describe('A speaker', () => {
  it('has no more audio under way than four fifths of what the server holds', async () => {
    const rig = await live({}, new ModelServer({ maxBufferedMs: 10_000 }));
    rig.speak(20 * SECOND);
    await rig.turn();
    expect(rig.server.stream.received).toHaveLength(8 * SECOND);
    rig.server.settle(rig.server.stream, 5 * SECOND);
    await rig.turn();
    expect(rig.server.stream.received).toHaveLength(8 * SECOND);
    expect(rig.speaker.unacknowledgedMs).toBe(15_000);
    expect(rig.speaker.acknowledgedMs).toBe(5000);
  });

  it('tells files when there is room for more', async () => {
    const rig = await live({}, new ModelServer({ maxBufferedMs: 10_000 }));
    await rig.speaker.drained();
    rig.speak(10 * SECOND);
    const drained = vi.fn();
    void rig.speaker.drained().then(drained);
    await rig.turn();
    expect(drained).not.toHaveBeenCalled();
    rig.server.settle(rig.server.stream, SECOND);
    await rig.turn();
    expect(drained).toHaveBeenCalledOnce();
  });

  it('tells each final once, and no partial behind it', async () => {
    const rig = await live();
    const say = (message: object) => rig.server.socket.say(message);
    say(caption('partial', 'one'));
    say(caption('final', 'one two'));
    say(caption('partial', 'one two three'));
    await rig.turn();
    rig.server.socket.cut();
    await rig.pass(1000);
    say(caption('final', 'one two'));
    say({ ...caption('final', 'four'), captionId: 's:1' });
    await rig.turn();
    expect(rig.all('partial').map(({ text }) => text)).toEqual(['one']);
    expect(rig.all('final').map(({ text }) => text)).toEqual(['one two', 'four']);
  });

  it('hears of a lost connection, and goes on', async () => {
    const rig = await live();
    rig.server.socket.cut();
    expect(rig.speaker.state).toBe('reconnecting');
    await rig.pass(1000);
    expect(rig.states).toEqual(['live', 'reconnecting', 'live']);
    expect(rig.all('warning')).toHaveLength(1);
    expect(rig.server.heard.at(-1)).toEqual({ type: 'resume', token: 'token-s0', acknowledgedMs: 0 });
  });

  it('asks a silent server for a sign of life, and connects anew when there is none', async () => {
    const rig = await live();
    rig.speak(SECOND);
    await rig.pass(9000);
    expect(rig.server.heard).toHaveLength(1);
    await rig.pass(30_000);
    expect(rig.server.sockets).toHaveLength(1);
    rig.server.socket.isFrozen = true;
    rig.speak(SECOND);
    await rig.pass(21_000);
    expect(rig.all('warning')).toMatchObject([{ error: { code: 'no-answer' } }]);
    expect(rig.server.sockets).toHaveLength(2);
    expect(rig.server.stream.received).toHaveLength(2 * SECOND);
  });

  it('has more patience with a server that has said that it is slow', async () => {
    const rig = await live();
    rig.server.socket.say({ type: 'service', level: 'finals-only', reason: 'inference-backlog' });
    await rig.turn();
    rig.server.socket.isFrozen = true;
    await rig.pass(60_000);
    expect(rig.server.sockets).toHaveLength(1);
    await rig.pass(40_000);
    expect(rig.server.sockets).toHaveLength(2);
  });

  it('does not wait for its turn when the network is there again', async () => {
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    const server = new ModelServer();
    server.isUp = false;
    const rig = await live({}, server);
    vi.unstubAllGlobals();
    await rig.pass(60_000);
    server.isUp = true;
    const attempts = server.sockets.length;
    page.dispatchEvent(new Event('online'));
    await rig.turn();
    expect(server.sockets).toHaveLength(attempts + 1);
    expect(rig.speaker.state).toBe('live');
  });

  it('loses the oldest audio when more is unacknowledged than may be kept, and says which', async () => {
    const rig = await live({ maxUnacknowledgedMs: 10_000 });
    rig.speak(2 * SECOND);
    await rig.turn();
    rig.server.settle(rig.server.stream, SECOND);
    await rig.turn();
    rig.server.isUp = false;
    rig.server.socket.cut();
    for (let i = 0; i < 12; i++) rig.speak(SECOND);
    rig.server.isUp = true;
    await rig.pass(10_000);
    // The second that the server has had is not lost: of 13 s one has to go, and two more of those behind it.
    const lostMs = rig.all('audio-lost').reduce((sum, { durationMs }) => sum + durationMs, 0);
    expect(lostMs).toBe(3000);
    const { settled, received, gaps } = rig.server.stream;
    const heard = [...settled, ...received];
    expect(heard).toHaveLength(11 * SECOND);
    expect(heard.at(-1)).toBe(14 * SECOND - 1);
    expect(gaps.reduce((sum, { durationMs }) => sum + durationMs, 0)).toBe(3000);
  });

  it('has a server that forgot the stream begin another one, in the same meeting under the same name', async () => {
    const rig = await live({ meeting: 'standup' });
    rig.speak(3 * SECOND);
    await rig.turn();
    rig.server.settle(rig.server.stream, SECOND);
    await rig.turn();
    rig.server.forget();
    await rig.pass(2000);
    const [, start] = rig.server.heard.filter(({ type }) => type === 'start');
    expect(start).toMatchObject({ meeting: 'standup', speaker: 'Speaker 1' });
    expect(rig.server.stream.received[0]).toBe(SECOND);
    expect(rig.speaker).toMatchObject({
      state: 'live',
      streamId: 's1',
      streamOriginMs: 1000,
      acknowledgedMs: 1000,
    });
  });

  it('goes on in a new stream after the server was restarted, and adds the books up', async () => {
    const rig = await live();
    rig.speak(SECOND);
    await rig.turn();
    rig.server.isUp = false;
    rig.server.drain();
    await rig.pass(3000);
    expect(rig.speaker.state).toBe('reconnecting');
    expect(rig.all('warning')[0]).toMatchObject({ error: { code: 'draining' } });
    expect(rig.all('done')).toEqual([]);
    rig.speak(SECOND);
    rig.server.isUp = true;
    const done = rig.speaker.stop();
    await rig.pass(15_000);
    expect(await done).toMatchObject({ streamId: 's1', receivedMs: 2000, captions: 2 });
    expect(rig.all('done')).toEqual([await done]);
  });

  it('leaves a stream that has gone on without it, and loses nothing by that', async () => {
    const rig = await live();
    rig.speak(2 * SECOND);
    await rig.turn();
    rig.server.settle(rig.server.stream, SECOND);
    await rig.turn();
    // Ended after a while without a connection, and filled up with silence for what had not come again.
    rig.server.stream.settled.push(...new Array(5 * SECOND).fill(Number.NaN));
    rig.server.socket.cut();
    await rig.pass(2000);
    expect(rig.server.streams[0]!.isStopped).toBe(true);
    expect(rig.server.stream.id).toBe('s1');
    expect(rig.server.stream.received[0]).toBe(SECOND);
    expect(rig.server.stream.received).toHaveLength(SECOND);
  });

  it('believes no acknowledgement of audio that it has not sent', async () => {
    const rig = await live({}, new ModelServer({ maxBufferedMs: 10_000 }));
    rig.speak(20 * SECOND);
    await rig.turn();
    rig.server.socket.say({ type: 'ack', acknowledgedMs: 15_000 });
    await rig.turn();
    expect(rig.speaker.acknowledgedMs).toBe(8000);
  });

  it('ends when another connection has taken its stream', async () => {
    const rig = await live();
    const { WebSocket } = rig.server;
    const thief = new WebSocket('ws://localhost', []);
    thief.addEventListener('open', () =>
      thief.send(JSON.stringify({ type: 'resume', token: 'token-s0', acknowledgedMs: 0 })),
    );
    await rig.turn();
    expect(rig.failure).toMatchObject({ code: 'taken-over' });
  });

  it('sends more slowly once the server finds it too fast', async () => {
    const rig = await live();
    rig.speak(40 * SECOND);
    await rig.turn();
    rig.server.socket.say({
      type: 'error',
      code: 'audio-too-fast',
      message: '',
      retryable: true,
      fatal: true,
    });
    rig.server.socket.end(4429, 'audio-too-fast');
    await rig.turn();
    await rig.pass(125);
    expect(rig.speaker.state).toBe('live');
    expect(rig.server.stream.received).toHaveLength(SECOND);
    await rig.pass(1000, 100);
    expect(rig.server.stream.received).toHaveLength(9 * SECOND);
  });

  it('tells gaps in their place, several in a row as one, and none before the first audio', async () => {
    const rig = await live();
    rig.speaker.gap(5000);
    rig.speak(SECOND);
    await rig.turn();
    rig.server.socket.cut();
    rig.speaker.gap(700);
    rig.speaker.gap(800);
    rig.speak(SECOND);
    await rig.pass(1000);
    expect(rig.server.stream.gaps).toEqual([{ at: SECOND, durationMs: 1500 }]);
  });

  it('does not tell a gap again that stands right where the stream goes on', async () => {
    const rig = await live();
    rig.speak(SECOND);
    rig.speaker.gap(500);
    rig.speak(SECOND);
    await rig.turn();
    rig.server.settle(rig.server.stream, SECOND);
    rig.server.socket.cut();
    await rig.pass(1000);
    expect(rig.server.stream.gaps).toEqual([{ at: SECOND, durationMs: 500 }]);
    expect(rig.server.stream.received).toHaveLength(SECOND);
  });

  it('answers marks when all audio before them is decoded, lost connections or not', async () => {
    const rig = await live();
    rig.speak(SECOND);
    const first = rig.speaker.mark();
    rig.server.socket.cut();
    rig.speak(SECOND);
    const second = rig.speaker.mark();
    await rig.pass(1000);
    await Promise.all([first, second]);
    rig.speaker.close();
    await expect(rig.speaker.mark()).rejects.toMatchObject({ code: 'closed' });
  });

  it('has no more than 32 markers under way', async () => {
    const rig = await live();
    rig.server.socket.isFrozen = true;
    const sent = vi.spyOn(rig.server.socket, 'send');
    const answers = Array.from({ length: 100 }, () => rig.speaker.mark());
    expect(sent).toHaveBeenCalledTimes(32);
    rig.server.socket.cut();
    await rig.pass(1000);
    await Promise.all(answers);
  });

  it('tells the server that no more comes when it is closed', async () => {
    const rig = await live();
    rig.speak(SECOND);
    rig.speaker.close();
    rig.speaker.close();
    await rig.turn();
    expect(rig.server.stream.isStopped).toBe(true);
    expect(rig.failure).toBeNull();
    expect(rig.states.at(-1)).toBe('closed');
    expect(rig.time.pendingTimers).toBe(0);
  });

  it('takes bytes, 16-bit samples and floats, and copies them', async () => {
    const heard: unknown[] = [];
    const rig = await live({ encoding: 'pcm_s16le' });
    vi.spyOn(rig.server.socket, 'send').mockImplementation((data) => void heard.push(data));
    const samples = Int16Array.of(1, -2);
    rig.speaker.send(samples);
    samples.fill(0);
    rig.speaker.send(Float32Array.of(1, -1, 2, Number.NaN));
    rig.speaker.send(Uint8Array.of(5, 0));
    expect(heard.map((bytes) => [...new Int16Array((bytes as Uint8Array).slice().buffer)])).toEqual([
      [1, -2],
      [32_767, -32_767, 32_767, 0],
      [5],
    ]);
    expect(() => rig.speaker.send(Uint8Array.of(1))).toThrow(RangeError);
  });

  it('lets one listener fail without harm to the others', async () => {
    const uncaught = vi.fn();
    process.once('uncaughtException', uncaught);
    const others = process.listeners('uncaughtException').filter((listener) => listener !== uncaught);
    for (const other of others) process.off('uncaughtException', other);
    const rig = new SpeakerRig();
    const heard = vi.fn();
    rig.speaker.on('ready', () => {
      throw new Error('of the listener');
    });
    rig.speaker.on('ready', heard);
    await rig.turn();
    for (const other of others) process.on('uncaughtException', other);
    expect(heard).toHaveBeenCalledOnce();
    expect(uncaught).toHaveBeenCalledOnce();
    expect(rig.speaker.state).toBe('live');
  });

  it('ends an iteration whose events pile up unread', async () => {
    const rig = await live();
    const unread = rig.speaker[Symbol.asyncIterator]();
    for (let i = 1; i <= 10_050; i++) rig.server.socket.say({ type: 'ack', acknowledgedMs: 0 });
    await rig.turn();
    for (let i = 0; i < 10_000; i++) expect(await unread.next()).toMatchObject({ done: false });
    await expect(unread.next()).rejects.toMatchObject({ code: 'not-read' });
    expect(await unread.next()).toMatchObject({ done: true });
    expect(rig.speaker.state).toBe('live');
  });
});
