import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countWordErrors, wordErrorRate } from '../../bench/word-error-rate.ts';
import { type Clip, encode, join, readClips, resample, silence } from '../support/audio.ts';
import { freePort } from '../support/free-port.ts';
import { JsonSocket, refusal } from '../support/json-socket.ts';
import { readMetric, untilMetric } from '../support/metrics.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { speak, textOf, watchOverBystander } from './speech.ts';

interface Reply {
  readonly partial?: string;
  readonly text?: string;
  readonly result?: readonly { conf: number; start: number; end: number; word: string }[];
}

let server: RunningServer;
let ownPort: string;
let clips: readonly Clip[];

beforeAll(async () => {
  const port = await freePort();
  ownPort = `ws://127.0.0.1:${port}`;
  const flags = ['--vosk-port', String(port), '--resume-window-ms', '0'];
  [server, clips] = await Promise.all([startRoundtable(flags), readClips()]);
});

afterAll(() => server.stop());

watchOverBystander(
  () => server,
  () => clips[3]!,
  'file',
);

/** As vosk-server's test.py: 0.2 s at a time, a reply read for each, and one for the end. */
async function transcribe(url: string, samples: Float32Array, rate = 16_000): Promise<readonly Reply[]> {
  const client = await JsonSocket.connect<Reply>(url);
  const audio = encode('pcm_s16le', resample(samples, rate));
  const step = Math.floor(rate * 0.2) * 2;
  client.send(`{ "config" : { "sample_rate" : ${rate} } }`);
  const replies: Reply[] = [];
  for (let at = 0; at < audio.length; at += step) {
    client.send(audio.subarray(at, at + step));
    replies.push(await client.receive());
  }
  client.send('{"eof" : 1}');
  replies.push(await client.receive());
  expect(await client.closed).toEqual({ code: 1000, reason: '' });
  expect(client.messages).toHaveLength(replies.length);

  return replies;
}

function wordsOf(replies: readonly Reply[]): string {
  return replies.map(({ text = '' }) => text).join(' ');
}

describe("Vosk's test client", () => {
  it.each(['/vosk', 'a port of its own'])(
    'gets the words that the native protocol gives, a reply for each message, on %s',
    async (place) => {
      const url = place === '/vosk' ? `${server.socketUrl}/vosk` : ownPort;
      const replies = await Promise.all(clips.map(({ samples }) => transcribe(url, samples)));
      const native = await Promise.all(clips.map(({ samples }) => speak(server, samples)));
      const rate = (texts: readonly string[]) =>
        wordErrorRate(texts.map((text, i) => countWordErrors(clips[i]!.reference, text)));
      const [ours, theirs] = [rate(replies.map(wordsOf)), rate(native.map(textOf))];
      expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(0.3);
      expect(ours).toBeLessThanOrEqual(25);
    },
  );

  it('gets them over its replies at any rate, however fast it sends, and each word once', async () => {
    const samples = join(...clips.flatMap((clip) => [clip.samples, silence(1000)]));
    const reference = clips.map((clip) => clip.reference).join(' ');
    const [fast, slow] = [await transcribe(ownPort, samples), await transcribe(ownPort, samples, 8000)];
    for (const replies of [fast, slow]) {
      const { errors, words } = countWordErrors(reference, wordsOf(replies));
      expect(errors / words).toBeLessThanOrEqual(0.3);
      const result = replies.flatMap((reply) => reply.result ?? []);
      expect(result.map(({ word }) => word)).toEqual(wordsOf(replies).split(/\s+/).filter(Boolean));
      for (const [i, { start, end, conf }] of result.entries()) {
        expect(start).toBeGreaterThanOrEqual(i === 0 ? 0 : result[i - 1]!.end);
        expect(end).toBeGreaterThanOrEqual(start);
        expect(conf).toBeGreaterThan(0);
        expect(conf).toBeLessThanOrEqual(1);
      }
    }
  });

  it('is held back while its stream has no room, and loses nothing by it', async () => {
    const small = await startRoundtable(['--max-buffered-ms', '35000', '--resume-window-ms', '0']);
    try {
      const samples = join(...Array.from({ length: 9 }, () => clips[1]!.samples));
      const replies = await transcribe(`${small.socketUrl}/vosk`, samples);
      const reference = Array.from({ length: 9 }, () => clips[1]!.reference).join(' ');
      const { errors, words } = countWordErrors(reference, wordsOf(replies));
      expect(errors / words).toBeLessThanOrEqual(0.3);
    } finally {
      await small.stop();
    }
  });
});

describe('A client of Vosk', () => {
  it('that streams at the pace of speech is shown partials, then the final', async () => {
    const client = await JsonSocket.connect<Reply>(`${server.socketUrl}/vosk?meeting=vosk&speaker=Ada`);
    client.send('{"config" : {"sample_rate" : 16000.0 }}');
    const audio = encode('pcm_s16le', join(clips[3]!.samples, silence(5000)));
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/vosk/captions`);
    await viewer.next('watching');
    const replies: Reply[] = [];
    const ask = async (pcm: Uint8Array) => {
      client.send(pcm);
      replies.push(await client.receive());
    };
    const half = audio.length / 4;
    for (let at = 0; at < half; at += 6400) await ask(audio.subarray(at, Math.min(at + 6400, half)));
    await viewer.next('partial');
    await ask(new Uint8Array());
    expect(replies.at(-1)!.partial).not.toBe('');
    for (let at = half; at < audio.length; at += 6400) await ask(audio.subarray(at, at + 6400));
    const final = await viewer.next('final');
    expect(final.speaker).toBe('Ada');
    await ask(new Uint8Array());
    expect(replies.filter(({ text }) => text).map(({ text }) => text)).toEqual([final.text]);
    client.close();
    viewer.close();
  });

  it('is counted while it is there', async () => {
    const name = 'roundtable_dialect_clients{dialect="vosk"}';
    await untilMetric(server.url, name, 0);
    const client = await JsonSocket.connect(`${server.socketUrl}/vosk`);
    expect(await readMetric(server.url, name)).toBe(1);
    client.socket.terminate();
    await untilMetric(server.url, name, 0);
    await untilMetric(server.url, 'roundtable_dialect_backlog_bytes', 0);
  });

  it('that says something wrong is told by the close, and by HTTP when it shows before', async () => {
    const client = await JsonSocket.connect(`${server.socketUrl}/vosk`);
    client.send('{"config" : {"sample_rate" : 4000}}');
    client.send(new Uint8Array(2));
    expect(await client.closed).toEqual({ code: 4422, reason: 'out-of-range' });
    expect(await refusal(`${ownPort}/?meeting=`)).toEqual({
      status: 422,
      body: expect.stringContaining('meeting has to be 1 to 128 characters'),
    });
    expect((await fetch(ownPort.replace('ws', 'http'))).status).toBe(404);
  });
});
