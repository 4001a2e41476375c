import { describe, expect, test } from 'vitest';
import type { FinalMessage, PartialMessage, ReadyMessage, ServerMessage } from '../client-sdk/protocol.ts';
import type { HotWords } from '../inference/recognizer.ts';
import { ANYONE } from '../server/admission/api-keys.ts';
import type { Connection } from '../server/net/connection.ts';
import { encode } from './support/audio.ts';
import { type LobbyTerms, openLobby } from './support/lobby-rig.ts';
import { speech } from './support/speech-stream-rig.ts';

const LISTENS = { hotWords: true, canWrite: (text: string) => /^[a-z ]+$/i.test(text) };

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

  of<Type extends ServerMessage['type']>(type: Type): readonly Extract<ServerMessage, { type: Type }>[] {
    return this.messages.filter((message) => message.type === type) as never;
  }
}

/** A speaker and a viewer of the meeting `m`, and what the recogniser was told to listen for in each segment. */
async function talk(start: object, terms: LobbyTerms & { readonly says?: string } = {}) {
  const listenedFor: (readonly string[])[] = [];
  const keys = new Set<string | undefined>();
  const note = (hotWords: HotWords | undefined) => {
    listenedFor.push((hotWords?.words ?? []).map(({ text, weight }) => `${text} ${weight}`));
    keys.add(hotWords?.key);
  };
  const words = (terms.says ?? 'good day').split(' ').map((text, i) => ({
    ...{ text, startMs: i * 100, endMs: i * 100 + 90, confidence: 1 },
  }));
  const rig = openLobby({
    script: (segment) => {
      note(segment.hotWords);

      return { text: terms.says ?? 'good day', words };
    },
    ...terms,
  });
  rig.open();
  const connect = (make: (connection: Listening) => { closed(): void }) => {
    const connection = new Listening();
    const session = make(connection);
    connection.onClose = () => session.closed();

    return { connection, session };
  };
  const viewer = connect((connection) =>
    rig.lobby.viewer(connection, { meeting: 'm', history: null, lastEventId: '' }, ANYONE),
  );
  const connection = new Listening();
  const session = rig.lobby.speaker(connection, ANYONE);
  connection.onClose = () => session.closed();
  const control = (fields: object) => session.message({ type: 'control', fields: fields as never });
  control({ type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le', meeting: 'm', ...start });
  await rig.run(100);
  const say = async () => {
    for (const samples of [speech(20_000), new Float32Array(20_000)])
      session.message({ type: 'audio', pcm: encode('pcm_s16le', samples) });
    await rig.run(3000);
  };

  return { ...rig, told: connection, seen: viewer.connection, say, control, listenedFor, keys };
}

function ready(told: Listening): ReadyMessage {
  return told.of('ready')[0]!;
}

describe('Hot words of a stream', () => {
  test('reach the recogniser with every segment, and ready tells which it cannot write', async () => {
    const { told, say, listenedFor, keys } = await talk(
      { hotWords: ['Kubernetes', { text: 'New York', weight: 2 }, '微信'] },
      { model: LISTENS },
    );
    expect(ready(told).hotWords).toEqual({ supported: true, used: 2, ignored: ['微信'] });
    await say();
    expect(listenedFor.length).toBeGreaterThan(1);
    for (const words of listenedFor) expect(words).toEqual(['Kubernetes 1', 'New York 2']);
    expect([...keys]).toEqual([expect.stringMatching(/^[\w-]{22}$/)]);
  });

  test('are not handed to a model that does not listen for them, and ready says so', async () => {
    const { told, say, listenedFor } = await talk({ hotWords: ['Kubernetes'] });
    expect(ready(told).hotWords).toEqual({ supported: false, used: 0, ignored: [] });
    await say();
    expect(listenedFor.flat()).toEqual([]);
    expect(told.of('final')[0]!.text).toBe('good day');
  });

  test('are not told of where there are none', async () => {
    const { told } = await talk({}, { model: LISTENS });
    expect(ready(told)).not.toHaveProperty('hotWords');
  });

  test('are joined by those of the meeting, also while it is spoken; a stream has its own weights', async () => {
    const { lobby, told, say, listenedFor } = await talk(
      { hotWords: [{ text: 'Ada', weight: 3 }] },
      { model: LISTENS },
    );
    await say();
    const hotWords = ['Ada', 'Grace'].map((text) => ({ text, weight: 1 }));
    lobby.vocabularies.set('m', { hotWords, mask: [] }, 10);
    lobby.vocabularies.set('another', { hotWords: [{ text: 'Alan', weight: 1 }], mask: [] }, 10);
    await say();
    expect(ready(told).hotWords?.used).toBe(1);
    expect(listenedFor[0]).toEqual(['Ada 3']);
    expect(listenedFor.at(-1)).toEqual(['Ada 3', 'Grace 1']);
  });
});

describe('Masked words', () => {
  test('are read by nobody, whoever listed them: speaker, viewers, the history, words with times', async () => {
    const { lobby, store, told, seen, say } = await talk(
      { mask: ['good'], words: true },
      { mask: ['day'], says: 'A good day, badly said.' },
    );
    lobby.vocabularies.set('m', { hotWords: [], mask: ['badly'] }, 10);
    await say();
    const { captions } = await store.finalsOfMeeting('m', { limit: 9 });
    const finals: readonly FinalMessage[] = [...told.of('final'), ...seen.of('final'), ...captions];
    expect(finals.map(({ text }) => text)).toEqual(new Array(3).fill('A *** ***, *** said.'));
    const [{ words = [], startMs } = finals[0]!] = told.of('final');
    expect(words.map(({ text }) => text)).toEqual(['A', '***', '***,', '***', 'said.']);
    expect(words[1]).toMatchObject({ startMs: startMs + 100, endMs: startMs + 190 });
    const partials: readonly PartialMessage[] = [...told.of('partial'), ...seen.of('partial')];
    expect(partials.length).toBeGreaterThan(0);
    for (const { text } of partials) expect(text).toBe('A *** ***, *** said.');
  });

  test('are masked as they are said, before numbers are written in digits, and as they are written', async () => {
    const { told, say } = await talk(
      { mask: ['sixty nine', '42'], numerals: true },
      { says: 'He said sixty nine and forty two and fifty.', model: { writesDigits: false } },
    );
    await say();
    const texts = [...told.of('partial'), ...told.of('final')].map(({ text }) => text);
    expect([...new Set(texts)]).toEqual(['He said *** and *** and 50.']);
  });
});
