import { ERRORS } from './errors.ts';
import type { Metrics } from './metrics.ts';
import type { HttpAnswer, HttpRoutes } from './net/http.ts';
import type { Lobby } from './net/lobby.ts';
import { LEAST_RETRY_MS } from './overload/admission.ts';

const WELCOME = `Roundtable: live captions for many meetings at once.

  WebSocket /v1/stream                        speak: send audio, receive captions
  WebSocket /v1/meetings/{meeting}/captions   read along with everyone in a meeting
  GET /healthz                                the process is alive and need not be restarted
  GET /readyz                                 the models are loaded, and which
  GET /metrics                                for Prometheus

The protocol is described in docs/protocol.md.
`;

/**
 * The plain HTTP answers.
 * @param isStuck whether threads that never answer have used up all that may be started.
 */
export function httpRoutes(lobby: Lobby, metrics: Metrics, isStuck: () => boolean): HttpRoutes {
  return {
    '/': () => ({ status: '200 OK', contentType: 'text/plain; charset=utf-8', body: WELCOME }),
    '/healthz': () => (isStuck() ? stuck({ alive: false }) : json('200 OK', { alive: true })),
    '/readyz': () => (isStuck() ? stuck({ ready: false }) : readiness(lobby)),
    '/metrics': async () => ({ status: '200 OK', ...(await metrics.render()) }),
  };
}

function stuck(state: object): HttpAnswer {
  return json('503 Service Unavailable', {
    ...state,
    reason: 'Threads do not answer and cannot be ended. Restart the server.',
  });
}

function readiness({ unreadyFor, models }: Lobby): HttpAnswer {
  if (!unreadyFor) return json('200 OK', { ready: true, models });
  const { httpStatus, text } = ERRORS[unreadyFor];

  return {
    ...json(`${httpStatus} Service Unavailable`, { ready: false, reason: text }),
    retryAfterSeconds: Math.ceil(LEAST_RETRY_MS / 1000),
  };
}

function json(status: string, value: unknown): HttpAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}
