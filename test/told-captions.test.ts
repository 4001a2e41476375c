import { describe, expect, it } from 'vitest';
import type { FinalMessage, ServerMessage } from '../client-sdk/protocol.ts';
import type { ScriptedHypothesis } from '../inference/doubles/scripted-recognizer.ts';
import { ANYONE } from '../server/admission/api-keys.ts';
import type { Connection } from '../server/net/connection.ts';
import type { Lobby } from '../server/net/lobby.ts';
import { encode } from './support/audio.ts';
import { openLobby } from './support/lobby-rig.ts';
import { speech } from './support/speech-stream-rig.ts';

/** A connection that remembers what it was told. */
class Listening implements Connection {
  readonly messages: ServerMessage[] = [];
  readonly bufferedBytes = 0;
  readonly heldMessages = 0;
  onClose: () => void = () => {};

  send(message: ServerMessage): void {
    this.messages.push(message);
  }

  close(): void {
    queueMicrotask(() => this.onClose());
  }

  get finals(): readonly FinalMessage[] {
    return this.messages.filter((message) => message.type === 'final');
  }
}

const HEARD: ScriptedHypothesis = {
  text: 'Good day.',
  words: [
    { text: 'Good', startMs: 60, endMs: 240.4, confidence: 0.98765 },
    { text: 'day.', startMs: 300, endMs: 90_000, confidence: 0.5 },
  ],
  language: 'yue',
  emotion: 'happy',
  event: 'laughter',
};

/** One sentence, said by somebody to whom somebody else listens. */
async function say(start: object, heard: ScriptedHypothesis, languages: readonly string[] = ['zh', 'yue']) {
  const { lobby, store, open, run } = openLobby({ script: () => heard, languages });
  open();
  const viewer = join(lobby, 'viewer');
  const speaker = join(lobby, 'speaker');
  const control = (fields: { readonly type: string }) =>
    speaker.session.message({ type: 'control', fields: { ...fields } });
  control({ type: 'start', ...{ sampleRate: 16_000, encoding: 'pcm_s16le', meeting: 'm' }, ...start });
  await run(100);
  for (const samples of [speech(20_000), new Float32Array(20_000)])
    speaker.session.message({ type: 'audio', pcm: encode('pcm_s16le', samples) });
  control({ type: 'stop' });
  await run(3000);
  const { captions } = await store.finalsOfMeeting('m', { limit: 9 });

  return { told: speaker.connection, seen: viewer.connection, stored: captions };
}

function join(lobby: Lobby, as: 'speaker' | 'viewer') {
  const connection = new Listening();
  const session =
    as === 'speaker'
      ? lobby.speaker(connection, ANYONE)
      : lobby.viewer(connection, { meeting: 'm', history: null, lastEventId: '' }, ANYONE);
  connection.onClose = () => session.closed();

  return { connection, session };
}

describe('The words of a final', () => {
  it('are told to the speaker that asked for them, at their places in the stream, and to nobody else', async () => {
    const { told, seen, stored } = await say({ words: true }, HEARD);
    const [{ startMs, endMs, words } = { startMs: 0, endMs: 0 }] = told.finals;
    expect(words).toEqual([
      { text: 'Good', startMs: startMs + 60, endMs: startMs + 240, confidence: 0.988 },
      { text: 'day.', startMs: startMs + 300, endMs, confidence: 0.5 },
    ]);
    expect(seen.finals).toEqual(told.finals.map(({ words: _, ...final }) => final));
    expect(stored).toEqual(seen.finals);
  });

  it('are left out where nobody asked for them, or the model does not tell them', async () => {
    expect((await say({}, HEARD)).told.finals[0]).not.toHaveProperty('words');
    expect((await say({ words: true }, { text: 'Good day.' })).told.finals[0]).not.toHaveProperty('words');
  });
});

describe('What a final says of how something was said', () => {
  it('is what the model heard, for everybody and in what is stored', async () => {
    const { told, seen, stored } = await say({}, HEARD);
    for (const finals of [told.finals, seen.finals, stored])
      expect(finals).toMatchObject([{ language: 'yue', emotion: 'happy', event: 'laughter' }]);
  });

  it('is nothing where the model does not tell', async () => {
    const { told } = await say({}, { text: 'Good day.' });
    expect(told.finals[0]).not.toHaveProperty('emotion');
    expect(told.finals[0]).not.toHaveProperty('event');
    expect(told.finals[0]).toMatchObject({ language: 'und' });
  });
});

describe('The language of a stream', () => {
  it('is found out by the model when it is auto, as when none is named', async () => {
    for (const start of [{}, { language: 'auto' }, { language: 'AUTO' }])
      expect((await say(start, HEARD)).told.finals).toMatchObject([{ language: 'yue' }]);
  });

  it('is the one that is asked for otherwise, whatever the model takes it for', async () => {
    expect((await say({ language: 'zh-CN' }, HEARD)).told.finals).toMatchObject([{ language: 'zh' }]);
  });

  it('is handed to the model where it is fixed, and else left to it', async () => {
    const asked: (string | null)[] = [];
    for (const language of ['zh-CN', 'auto']) {
      const { lobby, open, run } = openLobby({
        languages: ['zh', 'yue'],
        script: ({ language: tag }) => {
          asked.push(tag);

          return 'a';
        },
      });
      open();
      const { session } = join(lobby, 'speaker');
      const start = { type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le', partials: false, language };
      session.message({ type: 'control', fields: start });
      await run(100);
      session.message({ type: 'audio', pcm: encode('pcm_s16le', speech(20_000)) });
      session.message({ type: 'control', fields: { type: 'stop' } });
      await run(3000);
    }
    expect(asked).toEqual(['zh-CN', null]);
  });

  it('is refused when the model does not know it, with those that it knows', async () => {
    const { told } = await say({ language: 'de' }, HEARD);
    expect(told.messages).toMatchObject([
      {
        ...{ type: 'error', code: 'unsupported-language', fatal: true },
        message: expect.stringContaining('It knows zh, yue.'),
      },
    ]);
  });
});
