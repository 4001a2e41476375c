import { describe, expect, test } from 'vitest';
import type { ReadyMessage, ServerMessage } from '../client-sdk/protocol.ts';
import { ANYONE } from '../server/admission/api-keys.ts';
import type { RecorderBounds } from '../server/history/buffered-recorder.ts';
import type { Connection } from '../server/net/connection.ts';
import type { Session } from '../server/net/listener.ts';
import type { Lobby } from '../server/net/lobby.ts';
import { encode } from './support/audio.ts';
import { openLobby } from './support/lobby-rig.ts';
import { speech } from './support/speech-stream-rig.ts';

/** A server without sockets, whose store can be away. */
function setUp(bounds?: RecorderBounds) {
  const rig = openLobby({ ...(bounds && { bounds }) });
  rig.open();

  return rig;
}

/** A speaker's connection, and all it was told. */
class Speaker implements Connection {
  readonly messages: ServerMessage[] = [];
  closedWith: string | null = null;
  readonly bufferedBytes = 0;
  readonly heldMessages = 0;
  readonly #session: Session;

  constructor(lobby: Lobby) {
    this.#session = lobby.speaker(this, ANYONE);
  }

  send(message: ServerMessage): void {
    this.messages.push(message);
  }

  close(code: number, reason: string): void {
    this.closedWith ??= `${code} ${reason}`;
    queueMicrotask(() => this.#session.closed());
  }

  say(fields: { readonly type: string; readonly [field: string]: unknown }): void {
    this.#session.message({ type: 'control', fields });
  }

  start(): void {
    this.say({ type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le' });
  }

  /** Speaks a sentence and pauses. */
  speak(): void {
    const pause = new Float32Array(20_000);
    for (const samples of [speech(20_000), pause])
      this.#session.message({ type: 'audio', pcm: encode('pcm_s16le', samples) });
  }

  told(type: ServerMessage['type']): number {
    return this.messages.filter((message) => message.type === type).length;
  }
}

describe('A stream whose store is away', () => {
  test('hears its finals at once, and acknowledgements and done when they are stored', async () => {
    const { lobby, store, run } = setUp();
    const speaker = new Speaker(lobby);
    speaker.start();
    await run(100);
    expect(speaker.told('ready')).toBe(1);
    store.away = true;
    speaker.speak();
    speaker.say({ type: 'stop' });
    await run(5000);
    expect([speaker.told('final'), speaker.told('ack'), speaker.told('done')]).toEqual([1, 0, 0]);
    store.away = false;
    await run(30_000);
    expect([speaker.told('final'), speaker.told('done')]).toEqual([1, 1]);
    expect(speaker.told('ack')).toBeGreaterThan(0);
    expect(speaker.closedWith).toBe('1000 done');
    expect(lobby.streams()).toBe(0);
    const { captions } = await store.finalsOfMeeting(ready(speaker).meeting, { limit: 9 });
    expect(captions).toEqual(speaker.messages.filter(({ type }) => type === 'final'));
  });

  test('is ended when there is no more room for it, and cannot be taken up again', async () => {
    const { lobby, store, run } = setUp({ maxChangesPerWrite: 10, maxChanges: 4 });
    const speaker = new Speaker(lobby);
    speaker.start();
    await run(100);
    store.away = true;
    for (let sentence = 0; sentence < 6; sentence++) {
      speaker.speak();
      await run(2000);
    }
    expect(speaker.messages.at(-1)).toMatchObject({ type: 'error', code: 'busy', fatal: true });
    expect(speaker.messages.at(-1)).toHaveProperty('message', expect.stringContaining('cannot be stored'));
    expect(speaker.closedWith).toBe('4503 busy');
    expect(speaker.told('ack')).toBe(0);
    expect(lobby.streams()).toBe(0);
    store.away = false;
    await run(30_000);
    const again = new Speaker(lobby);
    again.say({ type: 'resume', token: ready(speaker).resumeToken, acknowledgedMs: 0 });
    await run(100);
    expect(again.closedWith).toBe('4410 unknown-stream');
  });
});

function ready(speaker: Speaker): ReadyMessage {
  return speaker.messages.find((message) => message.type === 'ready')!;
}
