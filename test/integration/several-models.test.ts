import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join as joinPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../fixtures/audio/write-wav.ts';
import { type Clip, encode, join, readClips, silence } from '../support/audio.ts';
import { readMetric } from '../support/metrics.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, runRoundtable, startRoundtable } from '../support/running-server.ts';
import { SenseVoiceModels } from '../support/sensevoice-models.ts';
import { jobUntil, postJob, recordingForm, submitJob } from './jobs.ts';
import { expectFatal, openStream, speak, textOf, wordErrorShare } from './speech.ts';

const SABOTEUR = fileURLToPath(new URL('./saboteur.cjs', import.meta.url));
const MOONSHINE = 'moonshine-tiny-en';

const models = new SenseVoiceModels();
const sabotage = mkdtempSync(joinPath(tmpdir(), 'roundtable-sabotage-'));
const deaths = joinPath(sabotage, 'deaths');
let folder: string;
/** Of the SenseVoice, which has random weights: what it hears is no words, but always the same. */
let sense: string;
let server: RunningServer;
let clips: readonly Clip[];
let samples: Float32Array;
let wav: Uint8Array;

beforeAll(async () => {
  writeFileSync(deaths, 'nobody 0');
  folder = await models.write({ packaging: 'sherpa-onnx', seed: 3 });
  sense = basename(folder);
  const flags = ['--model', `${MOONSHINE},${folder}`, '--devices', 'cpu,cpu'];
  const environment = { NODE_OPTIONS: `--require ${SABOTEUR}`, SABOTAGE_FILE: deaths };
  [server, clips] = await Promise.all([startRoundtable(flags, environment), readClips()]);
  samples = join(clips[0]!.samples, silence(1000));
  wav = writeWav({ tag: 1, bits: 16 }, encode('pcm_s16le', samples));
});

afterAll(async () => {
  await server.stop();
  await models.remove();
  rmSync(sabotage, { recursive: true });
});

const modelOf = (client: RawClient) => client.all('ready')[0]!.model.split('@')[0];

/** Whether a text is the clip's, rather than what random weights make of it. */
const isEnglish = (client: RawClient) => wordErrorShare(client, clips[0]!.reference) <= 0.25;

describe('A server with two models', () => {
  it("tells of both in the operator's order, with what each can do", async () => {
    const get = async (path: string) => (await fetch(`${server.url}${path}`)).json();
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
    const recognizers = [
      { name: MOONSHINE, hash },
      { name: sense, hash },
    ];
    expect(await get('/readyz')).toMatchObject({ ready: true, models: { recognizers, vad: { hash } } });
    expect(await get('/v1/status')).toMatchObject({
      models: {
        recognizers: [
          { name: MOONSHINE, languages: ['en'], words: expect.any(Boolean), punctuates: true },
          { name: sense, languages: expect.arrayContaining(['zh', 'yue']), words: true, writesDigits: true },
        ],
      },
      languages: expect.arrayContaining(['en', 'zh', 'yue', 'ja', 'ko']),
    });
    expect(await get('/v1/models')).toMatchObject({ data: [{ id: MOONSHINE }, { id: sense }] });
  });

  it('says what it expects models to take of the memory, and what they took', async () => {
    const [loaded, expected, allowed] = await Promise.all(
      ['loaded', 'expected', 'allowed'].map((figure) =>
        readMetric(server.url, `roundtable_models_memory_bytes{figure="${figure}"}`),
      ),
    );
    expect(loaded).toBeGreaterThan(50_000_000);
    expect(expected).toBeGreaterThan(loaded!);
    expect(allowed).toBeGreaterThan(expected!);
    expect(server.log.some((line) => line.includes('the models are loaded'))).toBe(true);
  });

  it('captions streams of both at once, each as its model does alone', async () => {
    const alone = [await speak(server, samples), await speak(server, samples, { model: sense })];
    expect(alone.map(modelOf)).toEqual([MOONSHINE, sense]);
    expect(alone.map(isEnglish)).toEqual([true, false]);
    const asked = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? {} : { model: sense, words: true }));
    const together = await Promise.all(asked.map((each) => speak(server, samples, each)));
    for (const [i, client] of together.entries()) {
      expect(client.all('error')).toEqual([]);
      expect(modelOf(client)).toBe([MOONSHINE, sense][i % 2]);
      expect(textOf(client)).toBe(textOf(alone[i % 2]!));
      for (const { model, words } of client.all('final')) {
        expect(model.split('@')[0]).toBe([MOONSHINE, sense][i % 2]);
        expect(words !== undefined).toBe(i % 2 === 1);
      }
    }
    for (const model of [MOONSHINE, sense]) {
      expect(
        await readMetric(server.url, `roundtable_model_batches_total{model="${model}"}`),
      ).toBeGreaterThan(0);
      expect(
        await readMetric(server.url, `roundtable_model_inference_seconds_total{model="${model}"}`),
      ).toBeGreaterThan(0);
    }
  });

  it.each([
    [{}, MOONSHINE],
    [{ language: 'en-GB' }, MOONSHINE],
    [{ language: 'zh-TW' }, 'sense'],
    [{ language: 'zh-HK' }, 'sense'],
    [{ language: 'auto' }, 'sense'],
    [{ model: MOONSHINE, language: 'auto' }, MOONSHINE],
  ])('leads a stream that asks for %j to %s', async (asked, name) => {
    const client = await openStream(server, asked);
    expect(modelOf(client)).toBe(name === 'sense' ? sense : name);
    client.close();
  });

  it.each([
    [{ model: 'whisper-large' }, 'unsupported-model', MOONSHINE],
    [{ language: 'tlh' }, 'unsupported-language', `${MOONSHINE} knows en`],
    [{ model: MOONSHINE, language: 'ko' }, 'unsupported-language', 'knows it.'],
  ] as const)('refuses a stream that asks for %j', async (asked, code, sentence) => {
    const client = await RawClient.connect(`${server.socketUrl}/v1/stream`);
    client.send({ type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le', ...asked });
    expect((await expectFatal(client, code)).message).toContain(sentence);
  });

  it('captions recordings with the model that is asked for, and shares results of the same one only', async () => {
    const submitted = [];
    for (const fields of [{}, { model: sense }, { language: 'yue' }, { model: MOONSHINE }])
      submitted.push(await submitJob(server.url, wav, fields as Record<string, string>));
    expect(submitted.map(({ model }) => model)).toEqual([null, sense, null, MOONSHINE]);
    const jobs = await Promise.all(submitted.map(({ id }) => jobUntil(server.url, id)));
    expect(jobs.map(({ state }) => state)).toEqual(jobs.map(() => 'completed'));
    const results = await Promise.all(
      jobs.map(async ({ links }) => {
        const { json } = links.result!;
        const response = await fetch(`${server.url}${json}`);

        return (await response.json()) as { captions: { model: string }[] };
      }),
    );
    const heardBy = results.map(({ captions }) => captions[0]!.model.split('@')[0]);
    expect(heardBy).toEqual([MOONSHINE, sense, sense, MOONSHINE]);
    // Its language is another, though its model is not.
    expect(jobs.map(({ shared }) => shared)).toEqual([false, false, false, true]);
    const refused = await postJob(server.url, recordingForm(wav, { model: MOONSHINE, language: 'zh' }));
    expect(refused.status).toBe(415);
    expect(await refused.text()).toContain(`${sense} knows it.`);
  });

  it('takes the models of other services for none, and its own by name, from their clients', async () => {
    const transcribe = async (fields: Readonly<Record<string, string>>) => {
      const form = recordingForm(wav, { response_format: 'verbose_json', ...fields });
      const response = await fetch(`${server.url}/v1/audio/transcriptions`, { method: 'POST', body: form });

      return ((await response.json()) as { language: string }).language;
    };
    expect(await transcribe({ model: 'whisper-1' })).toBe('english');
    expect(await transcribe({ model: 'whisper-1', language: 'ko' })).toBe('korean');
    expect(await transcribe({ model: sense, language: 'ja' })).toBe('japanese');
    const listen = async (query: string) => {
      const response = await fetch(`${server.url}/v1/listen?${query}`, {
        method: 'POST',
        body: Buffer.from(wav),
      });
      const { metadata } = (await response.json()) as { metadata: { model_info: object } };

      return Object.values(metadata.model_info as Record<string, { name: string }>)[0]!.name;
    };
    expect(await listen('model=nova-3')).toBe(MOONSHINE);
    expect(await listen('model=nova-3&language=multi')).toBe(sense);
    expect(await listen(`model=${sense}`)).toBe(sense);
  });

  it('is asked for a model and a language by the command line', async () => {
    const transcribe = (...flags: readonly string[]) =>
      runRoundtable(['transcribe', '--url', server.socketUrl, '--pace', 'fast', ...flags, clips[0]!.path]);
    const [own, other, wrong] = await Promise.all([
      transcribe('--language', 'en'),
      transcribe('--model', sense, '--language', 'auto'),
      transcribe('--model', 'whisper'),
    ]);
    expect(own.code).toBe(0);
    expect(other.code).toBe(0);
    expect(other.stdout).not.toBe(own.stdout);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain(`It has ${MOONSHINE}, ${sense}.`);
  });

  it('loses no word of either when a thread dies, which is replaced with both', async () => {
    const expected = [await speak(server, samples), await speak(server, samples, { model: sense })].map(
      textOf,
    );
    const crashed = 'roundtable_thread_crashes_total{pool="recognizer"}';
    const before = await readMetric(server.url, crashed);
    // One: a segment that two threads in a row die with is given up.
    writeFileSync(deaths, 'recognizer 1');
    const asked = [{}, { model: sense }, {}, { model: sense }];
    const clients = await Promise.all(asked.map((each) => speak(server, samples, each)));
    expect(clients.map(textOf)).toEqual([...expected, ...expected]);
    expect(await readMetric(server.url, crashed)).toBeGreaterThan(before!);
    const again = await Promise.all(asked.map((each) => speak(server, samples, each)));
    expect(again.map(textOf)).toEqual([...expected, ...expected]);
  });
});

describe('A server that cannot have all its models', () => {
  it.each([
    [
      'for want of memory',
      () => ['--model', `${MOONSHINE},${folder}`, '--devices', 'cpu,cpu', '--model-memory-mb', '100'],
      /expected to take [\d,]+ MB of memory in 2 threads \(moonshine-tiny-en [\d,]+ MB, roundtable-sensevoice-\w+ \d+ MB\), and --model-memory-mb allows 100 MB/,
    ],
    ['since two have one name', () => ['--model', `${folder},${folder}`], /two models called/],
    [
      'since there are too many',
      () => ['--model', new Array(9).fill(MOONSHINE).join()],
      /more than 8 models/,
    ],
    ['since one has no name', () => ['--model', `${MOONSHINE},`], /a model without a name/],
    ['since one is not there', () => ['--model', `${MOONSHINE},${dirname(folder)}/nowhere`], /no model at/],
    ['since one is of another kind', () => ['--model', `${MOONSHINE},silero-v6`], /is of kind silero/],
  ])('ends with a sentence %s', async (_, flags, sentence) => {
    const { code, stderr } = await runRoundtable(['serve', '--port', '0', ...flags()]);
    expect(code).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toContain('    at ');
  });
});
