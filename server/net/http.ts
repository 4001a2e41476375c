import type { HttpResponse } from 'uWebSockets.js';

/** What a plain HTTP request is answered. */
export interface HttpAnswer {
  readonly status: string;
  readonly contentType: string;
  readonly body: string;
  readonly retryAfterSeconds?: number;
}

/** Makes the answer to a GET or HEAD. */
export type HttpRoute = () => HttpAnswer | Promise<HttpAnswer>;

/** By path. */
export type HttpRoutes = Readonly<Record<string, HttpRoute>>;

/** There is no such path. */
export function notFound(): HttpAnswer {
  return {
    status: '404 Not Found',
    contentType: 'text/plain; charset=utf-8',
    body: 'There is nothing here. Try /.\n',
  };
}

const FAILED: HttpAnswer = {
  status: '500 Internal Server Error',
  contentType: 'text/plain; charset=utf-8',
  body: 'The server failed.\n',
};

/** Answers a request, now or when the route is done. @param withBody false for HEAD. */
export function respond(res: HttpResponse, route: HttpRoute, withBody: boolean): void {
  let aborted = false;
  res.onAborted(() => {
    aborted = true;
  });
  void Promise.resolve()
    .then(route)
    .catch(() => FAILED)
    .then((answer) => {
      if (!aborted) res.cork(() => send(res, answer, withBody));
    });
}

function send(
  res: HttpResponse,
  { status, contentType, body, retryAfterSeconds }: HttpAnswer,
  withBody: boolean,
): void {
  res.writeStatus(status).writeHeader('content-type', contentType).writeHeader('cache-control', 'no-store');
  if (retryAfterSeconds !== undefined) res.writeHeader('retry-after', String(retryAfterSeconds));
  if (withBody) res.end(body);
  else res.endWithoutBody(Buffer.byteLength(body));
}
