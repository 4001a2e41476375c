import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countWordErrors, wordErrorRate } from '../../bench/word-error-rate.ts';
import { type Clip, encode, join, readClips, resample, silence } from '../support/audio.ts';
import { freePort } from '../support/free-port.ts';
import { JsonSocket } from '../support/json-socket.ts';
import { readMetric, untilMetric } from '../support/metrics.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { cpp, page, python, pythonMicrophone, type Result } from './funasr-clients.ts';
import { speak, textOf, watchOverBystander } from './speech.ts';

let server: RunningServer;
let ownPort: string;
let clips: readonly Clip[];

beforeAll(async () => {
  const port = await freePort();
  ownPort = `ws://127.0.0.1:${port}`;
  const flags = ['--funasr-port', String(port), '--resume-window-ms', '0'];
  [server, clips] = await Promise.all([startRoundtable(flags), readClips()]);
});

afterAll(() => server.stop());

watchOverBystander(
  () => server,
  () => clips[3]!,
  'file',
);

/** All clips, parted by pauses, and what is said in them. */
function talk(): Clip {
  return {
    path: '',
    samples: join(...clips.flatMap(({ samples }) => [samples, silence(1000)])),
    reference: clips.map(({ reference }) => reference).join(' '),
  };
}

function rateOf(texts: readonly string[], spoken = clips): number {
  return wordErrorRate(texts.map((text, i) => countWordErrors(spoken[i]!.reference, text)));
}

describe("FunASR's clients", () => {
  it.each([
    ['the Python client', '2pass'],
    ['the Python client', 'online'],
    ['the Python client', 'offline'],
    ['the C++ client', '2pass'],
  ] as const)('get the words that the native protocol gives: %s, %s', async (name, mode) => {
    const ask = (samples: Float32Array) =>
      name === 'the C++ client' ? cpp(ownPort, samples) : python(`${server.socketUrl}/funasr`, samples, mode);
    const spoken = [...clips, talk()];
    const shown = await Promise.all(spoken.map(({ samples }) => ask(samples)));
    const native = await Promise.all(spoken.map(({ samples }) => speak(server, samples)));
    const ours = rateOf(
      shown.map(({ text }) => text),
      spoken,
    );
    expect(Math.abs(ours - rateOf(native.map(textOf), spoken))).toBeLessThanOrEqual(0.3);
    for (const { results } of shown) {
      const answered = name === 'the C++ client' ? results : results.slice(0, -1);
      expect(answered.map(({ is_final }) => is_final)).toEqual(
        answered.map((_, i) => i === answered.length - 1),
      );
    }
  });

  it('that send at the pace of speech are shown words as they are spoken, then the sentence', async () => {
    const speech = join(...Array.from({ length: 4 }, () => clips[1]!.samples));
    const { text, results } = await pythonMicrophone(ownPort, speech);
    const online = results.filter(({ mode }) => mode === '2pass-online');
    expect(online.length).toBeGreaterThanOrEqual(1);
    expect(results[0]).toMatchObject({ mode: '2pass-online', slice_type: 0, index: 0, is_final: false });
    expect(online[0]!.text).toMatch(/^\S/);
    for (const result of online) if (result.slice_type === 1) expect(result.text).toMatch(/^ \S/);
    expect(results.some(({ mode }) => mode === '2pass-offline')).toBe(true);
    expect(text.split(' ').length).toBeGreaterThanOrEqual(2);
    expect(results.at(-1)).toEqual({ mode: '2pass', wav_name: 'demo', is_final: true, is_end: true });
  });

  it.each([16_000, 8000])(
    'that send a whole file with its header get one message: the page, %i Hz',
    async (rate) => {
      const { samples, reference } = talk();
      const header = new Uint8Array(44);
      new TextEncoder().encodeInto('RIFF....WAVEfmt ', header);
      const audio = encode('pcm_s16le', resample(samples, rate));
      const { text, results } = await page(
        `${server.socketUrl}/funasr`,
        Buffer.concat([header, audio]),
        rate,
      );
      expect(results).toHaveLength(1);
      expect(results[0]).toMatchObject({ mode: 'offline', wav_name: 'h5', is_final: true });
      const { errors, words } = countWordErrors(reference, text);
      expect(errors / words).toBeLessThanOrEqual(0.3);
      const stamps = JSON.parse(results[0]!.timestamp!) as [number, number][];
      for (const [i, [from, to]] of stamps.entries()) {
        expect(from).toBeGreaterThanOrEqual(i === 0 ? 0 : stamps[i - 1]![1]);
        expect(to).toBeGreaterThanOrEqual(from);
      }
      expect(stamps.at(-1)![1]).toBeLessThanOrEqual((samples.length * 1000) / 16_000 + 44);
    },
  );

  it('may say several things on one connection', async () => {
    const client = await JsonSocket.connect<Result>(`${ownPort}/any/path`);
    const texts: string[] = [];
    for (const [i, { samples }] of clips.entries()) {
      client.send(JSON.stringify({ mode: '2pass', wav_name: `wav ${i}`, is_speaking: true }));
      client.send(encode('pcm_s16le', samples));
      client.send('{"is_speaking": false}');
      await client.until(() => client.messages.some((m) => m.wav_name === `wav ${i}` && m.is_final));
      const own = client.messages.filter((m) => m.wav_name === `wav ${i}` && m.mode === '2pass-offline');
      texts.push(own.map(({ text }) => text).join(''));
      const stamps = JSON.parse(own[0]!.timestamp!) as [number, number][];
      expect(stamps.at(-1)![1]).toBeLessThanOrEqual(samples.length / 16);
    }
    expect(rateOf(texts)).toBeLessThanOrEqual(25);
    client.close();
  });

  it('lose nothing when they send far more at once than a stream holds', async () => {
    const long = Array.from({ length: 9 }, () => clips[1]!);
    const small = await startRoundtable(['--max-buffered-ms', '35000', '--resume-window-ms', '0']);
    try {
      const samples = join(...long.map((clip) => clip.samples));
      const { text } = await cpp(`${small.socketUrl}/funasr`, samples);
      const { errors, words } = countWordErrors(long.map((clip) => clip.reference).join(' '), text);
      expect(errors / words).toBeLessThanOrEqual(0.3);
    } finally {
      await small.stop();
    }
  });

  it('are counted while they are there', async () => {
    const name = 'roundtable_dialect_clients{dialect="funasr"}';
    await untilMetric(server.url, name, 0);
    const client = await JsonSocket.connect(ownPort, ['binary']);
    expect(client.socket.protocol).toBe('binary');
    expect(await readMetric(server.url, name)).toBe(1);
    client.send('no JSON');
    expect(await client.closed).toEqual({ code: 4400, reason: 'bad-message' });
    await untilMetric(server.url, name, 0);
  });
});
