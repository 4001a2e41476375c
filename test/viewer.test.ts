import { describe, expect, it } from 'vitest';
import { type ViewerEvent, type ViewerOptions, watchMeeting } from '../client-sdk/index.ts';
import type { FinalMessage } from '../client-sdk/protocol.ts';
import { ModelSocket } from './support/model-socket.ts';
import { caption } from './support/scripted-server.ts';
import { settle } from './support/settle.ts';
import { TestTime } from './support/test-time.ts';

function final(id: number, text = `${id}`): FinalMessage {
  return { ...(caption('final', text) as FinalMessage), captionId: `s:${id}`, spokenAtMs: 1000 * id };
}

/** A viewer whose server says what a test has it say. */
class ViewerRig {
  readonly sockets: ModelSocket[] = [];
  readonly time = new TestTime();
  readonly events: ViewerEvent[] = [];
  readonly viewer;
  failure: unknown = null;

  constructor(options: Partial<ViewerOptions> = {}) {
    const { sockets } = this;
    class Socket extends ModelSocket {
      constructor(url: string, subprotocols: string[]) {
        super(url, subprotocols);
        sockets.push(this);
      }
    }
    this.viewer = watchMeeting({
      url: 'ws://host',
      meeting: 'café',
      WebSocket: Socket,
      time: this.time,
      ...options,
    });
    void this.#listen();
  }

  get socket(): ModelSocket {
    return this.sockets.at(-1)!;
  }

  /** Accepts the newest connection, and says things on it. */
  async say(...messages: object[]): Promise<void> {
    this.socket.accept({ received: () => {}, closed: () => {} });
    for (const message of messages) this.socket.say(message);
    for (let i = 0; i < 4; i++) await settle();
  }

  async pass(ms: number): Promise<void> {
    this.time.advance(ms);
    await settle();
  }

  async #listen(): Promise<void> {
    try {
      for await (const event of this.viewer) this.events.push(event);
    } catch (error) {
      this.failure = error;
    }
  }
}

const WATCHING = { type: 'watching', version: 1, meeting: 'café' };

function history(more: boolean, ...captions: readonly FinalMessage[]) {
  return { type: 'history', meeting: 'café', captions, more };
}

describe('watchMeeting', () => {
  it('asks for what was said before, and tells each caption once', async () => {
    const rig = new ViewerRig({ history: 2, key: 'secret' });
    expect(rig.socket.url).toBe('ws://host/v1/meetings/caf%C3%A9/captions?history=2');
    expect(rig.socket.subprotocols).toContain('roundtable.key.secret');
    await rig.say(WATCHING, final(3), history(true, final(2), final(3)), caption('partial', 'x'));
    expect(rig.events).toMatchObject([
      { type: 'state', state: 'live' },
      { type: 'final', captionId: 's:3' },
      { type: 'history', captions: [{ captionId: 's:2' }], more: true },
      { type: 'partial', text: 'x' },
    ]);
  });

  it('tells what was missed while the connection was lost, and nothing from before', async () => {
    const rig = new ViewerRig({ history: 2 });
    await rig.say(WATCHING, history(true, final(2), final(3)));
    rig.socket.cut();
    expect(rig.viewer.state).toBe('reconnecting');
    await rig.pass(1000);
    expect(rig.socket.url).toMatch(/history=1000$/);
    await rig.say(WATCHING, history(true, final(1), final(2), final(3), final(4)), final(5));
    expect(rig.events.slice(2)).toMatchObject([
      { type: 'state', state: 'reconnecting' },
      { type: 'warning', error: { code: 'connection-lost' } },
      { type: 'state', state: 'live' },
      { type: 'history', captions: [{ captionId: 's:4' }] },
      { type: 'final', captionId: 's:5' },
    ]);
  });

  it('connects anew after five minutes of quiet, which nobody notices', async () => {
    const rig = new ViewerRig();
    await rig.say(WATCHING, history(false, final(1)));
    const told = rig.events.length;
    await rig.pass(299_000);
    expect(rig.sockets).toHaveLength(1);
    await rig.pass(1000);
    expect(rig.sockets).toHaveLength(2);
    await rig.say(WATCHING, history(false, final(1)));
    expect(rig.events).toHaveLength(told);
  });

  it('ends with an error that no other try mends', async () => {
    const rig = new ViewerRig();
    await rig.say({ type: 'error', code: 'unauthorized', message: 'No.', retryable: false, fatal: true });
    rig.socket.end(4401, 'unauthorized');
    await settle();
    await settle();
    expect(rig.failure).toMatchObject({ code: 'unauthorized', message: 'No.' });
    expect(rig.viewer.state).toBe('closed');
    expect(rig.time.pendingTimers).toBe(0);
  });

  it('is closed by its signal, and leaves nothing behind', async () => {
    const abort = new AbortController();
    const rig = new ViewerRig({ signal: abort.signal });
    await rig.say(WATCHING);
    abort.abort();
    await settle();
    expect(rig.viewer.state).toBe('closed');
    expect(rig.failure).toBeNull();
    expect(rig.time.pendingTimers).toBe(0);
  });

  it('refuses a history that no server has', () => {
    expect(() => new ViewerRig({ history: 1001 })).toThrow(RangeError);
  });
});
