import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERRORS } from '../../server/errors.ts';
import { type Clip, encode, readClips, silence } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { openStream, speak } from './speech.ts';

let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  const flags = ['--resume-window-ms', '0'];
  [server, clips] = await Promise.all([startRoundtable(flags), readClips()]);
});

afterAll(() => server.stop());

/** Prometheus' text format: value by name and labels. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const lines = (await response.text()).trimEnd().split('\n');

  return new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const parts = /^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^}]*\})?) (\S+)$/.exec(line);
        if (!parts) throw new Error(`This is no metric: ${line}`);

        return [parts[1]!, Number(parts[2]!.replace('Inf', 'Infinity'))] as const;
      }),
  );
}

describe('/readyz', () => {
  it('names the models and the hashes of their bytes', async () => {
    const response = await fetch(`${server.url}/readyz`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { ready, models } = (await response.json()) as {
      ready: boolean;
      models: { recognizers: { name: string; hash: string }[]; vad: { name: string; hash: string } };
    };
    expect(ready).toBe(true);
    const all = [...models.recognizers, models.vad];
    expect(all.map(({ name }) => name)).toEqual(['moonshine-tiny-en', 'silero-v6']);
    for (const { hash } of all) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const client = await openStream(server);
    expect(client.all('ready')[0]!.model).toBe(`moonshine-tiny-en@${all[0]!.hash.slice(0, 12)}`);
    client.close();
  });
});

describe('/v1/status', () => {
  it('tells which languages the model knows', async () => {
    const { languages } = (await (await fetch(`${server.url}/v1/status`)).json()) as { languages: string[] };
    expect(languages).toEqual(['en']);
  });
});

describe('/', () => {
  it('says where everything is', async () => {
    const text = await (await fetch(server.url)).text();
    for (const path of ['/v1/stream', '/v1/meetings/{meeting}/captions', '/healthz', '/readyz', '/metrics'])
      expect(text).toContain(path);
  });
});

describe('/metrics', () => {
  it.runIf(process.platform === 'linux')('tell what each part of the work costs the processor', async () => {
    await speak(server, clips[0]!.samples);
    const seconds = await scrape();
    for (const part of ['inference', 'vad', 'sockets', 'other'])
      expect(seconds.get(`roundtable_cpu_seconds_total{part="${part}"}`)).toBeGreaterThan(0);
  });

  it('balance the books after every way a stream can end', async () => {
    const audio = encode('pcm_s16le', clips[1]!.samples);
    await speak(server, clips[0]!.samples);
    await speak(server, silence(1000));
    await speak(server, new Float32Array());
    // Hung up, vanished and faulty, each before, in and after speech.
    const ends: readonly ((client: RawClient) => void)[] = [
      (client) => client.close(),
      (client) => client.socket.terminate(),
      (client) => client.sendJson({ type: 'nonsense' }),
      (client) => client.sendBytes(new Uint8Array(1)),
      (client) => {
        client.send({ type: 'stop' });
        client.sendBytes(new Uint8Array(2));
      },
    ];
    for (const end of ends) {
      for (const bytes of [0, 33_333 * 2, audio.length]) {
        const client = await openStream(server);
        if (bytes > 0) {
          client.sendBytes(audio.subarray(0, bytes));
          await client.next('speech-started');
        }
        end(client);
        await client.closed;
      }
    }
    (await RawClient.connect(`${server.socketUrl}/v1/stream`)).close();
    let metrics = await scrape();
    while (metrics.get('roundtable_streams') !== 0) metrics = await scrape();
    expect(metrics.get('roundtable_books_imbalance_samples')).toBe(0);
    const seconds = (fate: string) => metrics.get(`roundtable_audio_seconds_total{fate="${fate}"}`)!;
    expect(seconds('transcribed') + seconds('silence') + seconds('dropped')).toBeCloseTo(
      seconds('received'),
      6,
    );
    expect(seconds('dropped')).toBeGreaterThan(0);
    for (const gauge of ['buffered_audio_seconds', 'meetings', 'viewers'])
      expect(metrics.get(`roundtable_${gauge}`)).toBe(0);
  });

  it('count captions and errors by their kinds', async () => {
    // What an earlier test left running would be counted as well.
    let before = await scrape();
    while (before.get('roundtable_batches_in_flight') !== 0) before = await scrape();
    const client = await openStream(server, { partials: false });
    client.sendBytes(new Uint8Array());
    client.sendBytes(encode('pcm_s16le', clips[0]!.samples));
    client.send({ type: 'stop' });
    await client.closed;
    const after = await scrape();
    const growth = (name: string) => after.get(name)! - before.get(name)!;
    expect(growth('roundtable_errors_total{code="audio-empty"}')).toBe(1);
    expect(growth('roundtable_captions_total{type="final"}')).toBe(1);
    expect(growth('roundtable_captions_total{type="partial"}')).toBe(0);
    expect(growth('roundtable_decoded_audio_seconds_total{type="final"}')).toBeCloseTo(
      client.all('done')[0]!.transcribedMs / 1000,
      2,
    );
    for (const code of Object.keys(ERRORS))
      expect(after.has(`roundtable_errors_total{code="${code}"}`)).toBe(true);
  });

  it('hold no words, no names and no ids', async () => {
    const meeting = 'Boardroom';
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/${meeting}/captions`);
    const client = await openStream(server, { meeting, speaker: 'Lovelace' });
    client.sendBytes(encode('pcm_s16le', clips[3]!.samples));
    await client.next('partial');
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const { streamId } = client.all('ready')[0]!;
    for (const secret of ['Egyptian', 'bondage', meeting, 'Lovelace', streamId])
      expect(text.toLowerCase()).not.toContain(secret.toLowerCase());
    client.close();
    viewer.close();
  });
});
