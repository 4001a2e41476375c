import type { TemplatedApp, us_socket } from 'uWebSockets.js';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ApiKeys } from '../../server/admission/api-keys.ts';
import type { Dialect } from '../../server/dialects/dialect.ts';
import { DialectSockets } from '../../server/dialects/dialect-sockets.ts';
import { StreamError } from '../../server/errors.ts';
import { errorAnswer } from '../../server/net/http.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { servedModels } from '../support/served-models.ts';

/** Speaks one language less than the model. */
const PICKY: Dialect = {
  name: 'vosk',
  path: '/picky',
  greet: () => ({
    key: null,
    subprotocol: '',
    converse: ({ recognizers }) => {
      throw new StreamError('unsupported-language', `It knows ${recognizers.languages.join(', ')}.`);
    },
  }),
  refuse: (error) => ({ ...errorAnswer(error), retryAfterSeconds: 7 }),
};

/** Has something to say in the answer's headers. */
const TALKATIVE: Dialect = {
  name: 'vosk',
  path: '/talkative',
  greet: () => ({
    key: null,
    subprotocol: '',
    headers: { 'x-said': 'hello' },
    converse: () => ({
      text: () => {},
      binary: () => {},
      told: () => {},
      done: () => {},
      failed: () => {},
      closed: () => {},
    }),
  }),
  refuse: errorAnswer,
};

let app: TemplatedApp;
let url: string;
let sessions = 0;

beforeAll(async () => {
  const { default: uws } = await import('uWebSockets.js');
  const keys = await ApiKeys.load('none');
  const sockets = new DialectSockets({
    config: {
      allowedOrigins: '*',
      maxMessageBytes: 65_536,
      maxOutputBytes: 65_536,
      maxBacklogBytes: 65_536,
      deadPeerMs: 8000,
      ...{ startThreshold: 0.5, minSilenceMs: 800, prefixPaddingMs: 384 },
    },
    keys,
    clock: new ManualClock(),
    lobby: {
      recognizers: servedModels({ name: 'scripted' }),
      speaker: () => {
        sessions++;

        return {
          message: () => {},
          received: () => {},
          roomMs: Number.POSITIVE_INFINITY,
          fault: () => {},
          closed: () => {},
        };
      },
      error: () => {},
      partialDropped: () => {},
    },
  });
  app = uws.App();
  sockets.mount(app, PICKY);
  sockets.mount(app, TALKATIVE);
  await new Promise<void>((resolve) => {
    app.listen(0, (socket) => {
      url = `ws://127.0.0.1:${uws.us_socket_local_port(socket as unknown as us_socket)}`;
      resolve();
    });
  });
});

afterAll(() => {
  app.close();
});

describe('A dialect whose conversation refuses to begin', () => {
  it('is answered before the upgrade, and leaves no session behind', async () => {
    const socket = new WebSocket(`${url}/picky`);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    expect(response.statusCode).toBe(415);
    expect(response.headers['retry-after']).toBe('7');
    expect(sessions).toBe(0);
  });
});

describe('A dialect with headers of its own', () => {
  it('has them in the answer that opens the WebSocket', async () => {
    const socket = new WebSocket(`${url}/talkative`);
    const [response] = (await once(socket, 'upgrade')) as [IncomingMessage];
    expect(response.statusCode).toBe(101);
    expect(response.headers['x-said']).toBe('hello');
    socket.terminate();
  });
});
