import type { Clock } from '../clock.ts';
import { EventConnection } from '../net/event-connection.ts';
import type { KeyedRoute } from '../net/http-guard.ts';
import type { Session, Sessions } from '../net/listener.ts';
import type { OutputObserver } from '../net/uws-connection.ts';

/** Captions of a meeting as server-sent events: a viewer like those on WebSockets. */
export function eventRoute(
  sessions: Pick<Sessions, 'viewer'> & OutputObserver,
  clock: Clock,
  maxOutputBytes: number,
): KeyedRoute {
  return ({ params, query, headers }, caller) => ({
    contentType: 'text/event-stream; charset=utf-8',
    // Some proxies gather what they pass on unless they are told.
    headers: { 'x-accel-buffering': 'no' },
    stream: (body) => {
      let session: Session | null = null;
      const connection = new EventConnection(body, clock, maxOutputBytes, sessions, () => session?.closed());
      const request = {
        meeting: params[0]!,
        history: query.get('history'),
        lastEventId: headers['last-event-id'],
      };
      session = sessions.viewer(connection, request, caller);
      if (body.isClosed) session.closed();
    },
  });
}
