import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { CaptionMessage, ReadyMessage, SpeakerServerMessage } from '../../client-sdk/protocol.ts';

/** What a real server never does: for tests of what a client makes of it. */
export interface ScriptedServer {
  readonly url: string;
  close(): void;
}

const READY: ReadyMessage = {
  ...{ type: 'ready', version: 1, streamId: 's', meeting: 'm', speaker: 'Speaker 1', model: 'x@0' },
  ...{ maxBufferedMs: 60_000, resumeToken: 't', resumeWindowMs: 120_000, nextFrame: 0 },
};

/** Takes one kind of speaker: answers `start` with `before` and `ready`, and leaves the rest to `behave`. */
export async function scriptServer(
  behave: (say: (message: SpeakerServerMessage) => void, socket: WebSocket) => void,
  before: readonly SpeakerServerMessage[] = [],
): Promise<ScriptedServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    const say = (message: SpeakerServerMessage) => socket.send(JSON.stringify(message));
    socket.once('message', () => {
      for (const message of before) say(message);
      say(READY);
      behave(say, socket);
    });
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `ws://127.0.0.1:${port}`,
    close: () => {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

/** A caption with nothing remarkable but its text. */
export function caption(type: CaptionMessage['type'], text: string): CaptionMessage {
  const shared = {
    meeting: 'm',
    streamId: 's',
    speaker: 'Speaker 1',
    captionId: 's:0',
    segmentId: 0,
    revision: 0,
    startMs: 0,
    endMs: 1000,
    spokenAtMs: 0,
    text,
  };

  return type === 'partial'
    ? { ...shared, type, stableChars: 0 }
    : { ...shared, type, endpoint: 'silence', language: 'en', model: 'x@0' };
}
