import { describe, expect, test } from 'vitest';
import type { ReadyMessage, ServerMessage } from '../client-sdk/protocol.ts';
import { ANYONE } from '../server/admission/api-keys.ts';
import type { Connection } from '../server/net/connection.ts';
import type { Session } from '../server/net/listener.ts';
import type { Lobby } from '../server/net/lobby.ts';
import { encode } from './support/audio.ts';
import { openLobby } from './support/lobby-rig.ts';
import type { ServedModelTerms } from './support/served-models.ts';
import { speech } from './support/speech-stream-rig.ts';

const ENGLISH = { name: 'english', languages: ['en'] };
const ASIAN = { name: 'asian', languages: ['zh', 'yue', 'en'] };

/** A speaker's connection, and all it was told. */
class Speaker implements Connection {
  readonly messages: ServerMessage[] = [];
  readonly bufferedBytes = 0;
  readonly heldMessages = 0;
  readonly #session: Session;

  constructor(lobby: Lobby, first: object) {
    this.#session = lobby.speaker(this, ANYONE);
    this.#session.message({ type: 'control', fields: { type: '', ...first } });
  }

  send(message: ServerMessage): void {
    this.messages.push(message);
  }

  close(): void {
    queueMicrotask(() => this.#session.closed());
  }

  hangUp(): void {
    this.#session.closed();
  }

  speak(): void {
    for (const samples of [speech(20_000), new Float32Array(20_000)])
      this.#session.message({ type: 'audio', pcm: encode('pcm_s16le', samples) });
  }

  get ready(): ReadyMessage {
    return this.messages.find((message) => message.type === 'ready')!;
  }

  get error() {
    return this.messages.find((message) => message.type === 'error');
  }

  get finals() {
    return this.messages.filter((message) => message.type === 'final');
  }
}

const start = (asked: object = {}) => ({
  ...{ type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le', meeting: 'm' },
  ...asked,
});

function setUp(...models: readonly [ServedModelTerms, ...ServedModelTerms[]]) {
  const rig = openLobby({ models });
  rig.open();

  return rig;
}

describe('Streams of a server with several models', () => {
  test('are heard by the models that they name or whose language they speak, side by side', async () => {
    const { lobby, run } = setUp(ENGLISH, ASIAN);
    const asked = [{}, { model: 'asian' }, { language: 'zh-TW' }, { language: 'auto' }, { language: 'en' }];
    const speakers = asked.map((each) => new Speaker(lobby, start(each)));
    await run(100);
    for (const speaker of speakers) speaker.speak();
    await run(3000);
    const heard = speakers.map(({ ready, finals }) => [
      ready.model,
      ...finals.map(({ text, model }) => `${text.split(':')[0]} by ${model}`),
    ]);
    const [english, asian] = [`english@${'0'.repeat(12)}`, `asian@${'1'.repeat(12)}`];
    const by = (name: string, model: string) => [model, `${name} by ${model}`];
    expect(heard).toEqual([
      by('english', english),
      by('asian', asian),
      by('asian', asian),
      by('asian', asian),
      by('english', english),
    ]);
  });

  test('have captions in the languages of their own models', async () => {
    const { lobby, run } = setUp(ENGLISH, ASIAN);
    const speakers = [{}, { model: 'asian' }, { language: 'zh-HK' }].map(
      (each) => new Speaker(lobby, start(each)),
    );
    await run(100);
    for (const speaker of speakers) speaker.speak();
    await run(3000);
    expect(speakers.map(({ finals }) => finals[0]!.language)).toEqual(['en', 'und', 'yue']);
  });

  test.each([
    [{ model: 'whisper' }, 'unsupported-model', 'english, asian'],
    [{ language: 'tlh' }, 'unsupported-language', 'english knows en; asian knows zh, yue, en'],
    [{ model: 'english', language: 'zh' }, 'unsupported-language', 'asian knows it'],
    [{ model: 7 }, 'bad-message', 'model has to be text'],
    [{ model: '' }, 'out-of-range', 'model'],
  ])('are refused with %j', async (asked, code, sentence) => {
    const { lobby, run } = setUp(ENGLISH, ASIAN);
    const speaker = new Speaker(lobby, start(asked));
    await run(100);
    expect(speaker.error).toMatchObject({ code, message: expect.stringContaining(sentence) });
    expect(lobby.streams()).toBe(0);
  });
});

describe('A stream that is taken up by another process', () => {
  async function interrupted(asked: object) {
    const { lobby, store, run } = setUp(ENGLISH, ASIAN);
    const speaker = new Speaker(lobby, start(asked));
    await run(100);
    speaker.speak();
    await run(3000);
    speaker.hangUp();
    await run(100);
    const again = async (...models: readonly [ServedModelTerms, ...ServedModelTerms[]]) => {
      const next = openLobby({ models, store });
      next.open();
      const { resumeToken: token } = speaker.ready;
      const resumed = new Speaker(next.lobby, { type: 'resume', token, acknowledgedMs: 0 });
      await next.run(100);
      resumed.speak();
      await next.run(3000);

      return resumed;
    };

    return { speaker, again };
  }

  test('goes on with its model, whatever the order of models is by then', async () => {
    for (const asked of [{}, { language: 'en' }, { model: 'english' }]) {
      const { speaker, again } = await interrupted(asked);
      const resumed = await again(ASIAN, { ...ENGLISH, name: 'another' }, ENGLISH);
      expect(resumed.ready.streamId).toBe(speaker.ready.streamId);
      expect(resumed.ready.model).toMatch(/^english@/);
      expect(resumed.finals.at(-1)!.text).toMatch(/^english:/);
    }
  });

  test('is told where its model is not served any more', async () => {
    const { again } = await interrupted({ language: 'yue' });
    const { error } = await again(ENGLISH);
    expect(error).toMatchObject({
      code: 'unknown-stream',
      message: expect.stringContaining('The model asian is not served any more.'),
    });
  });
});
