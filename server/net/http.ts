import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import { ERRORS, StreamError } from '../errors.ts';
import { ResponseBody } from './response-body.ts';

/** Headers that routes read. */
const HEADERS = ['accept', 'authorization', 'host', 'if-none-match', 'last-event-id', 'origin'] as const;

/** What routes know of a request: a copy, because uWebSockets.js' own is gone when its handler returns. */
export interface RouteRequest {
  /** Without the query. */
  readonly path: string;
  /** Parameters of the path in their order, decoded; '' for one whose escape sequences are broken. */
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  /** '' for those that did not come. */
  readonly headers: Readonly<Record<(typeof HEADERS)[number], string>>;
}

/** What a plain HTTP request is answered. */
export interface HttpAnswer {
  /** `200 OK` */
  readonly status: string;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  /** In place of `no-store`. */
  readonly cacheControl?: string;
  /** Further ones, by their names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly retryAfterSeconds?: number;
}

/** An answer that goes on for as long as both sides like. */
export interface StreamedAnswer {
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Begins to write; the status and headers go before the first piece. @throws {StreamError} to refuse instead. */
  readonly stream: (body: ResponseBody) => void;
}

/** Makes the answer to a GET or HEAD. @throws {StreamError} as which it is answered then. */
export type HttpRoute = (
  request: RouteRequest,
) => HttpAnswer | StreamedAnswer | Promise<HttpAnswer | StreamedAnswer>;

/** By path, as uWebSockets.js writes patterns: `/v1/meetings/:meeting/events`, `/assets/*`. */
export type HttpRoutes = Readonly<Record<string, HttpRoute>>;

/** A sentence for people. */
export function textAnswer(status: string, sentence: string): HttpAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${sentence}\n` };
}

/** A value for machines. */
export function jsonAnswer(status: string, value: unknown): HttpAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}

/** There is no such path. */
export function notFound(): HttpAnswer {
  return textAnswer('404 Not Found', 'There is nothing here. Try /.');
}

/** A fault as HTTP tells it: with the status of the same meaning. */
export function errorAnswer({ code, message, retryAfterMs }: StreamError): HttpAnswer {
  const { httpStatus } = ERRORS[code];

  return {
    ...textAnswer(`${httpStatus} ${STATUS_CODES[httpStatus] ?? ''}`, message),
    ...(code === 'unauthorized' && { headers: { 'www-authenticate': 'Bearer' } }),
    ...(retryAfterMs !== null && { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
  };
}

/** Copies what routes read of a request. @param params how many parameters its path has. */
export function readRequest(req: HttpRequest, params: number): RouteRequest {
  return {
    path: req.getUrl(),
    params: Array.from({ length: params }, (_, i) => decodeSafely(req.getParameter(i))),
    query: new URLSearchParams(req.getQuery()),
    headers: Object.fromEntries(
      HEADERS.map((name) => [name, req.getHeader(name)]),
    ) as RouteRequest['headers'],
  };
}

/** Answers a request, now or when the route is done. @param withBody false for HEAD. */
export function respond(res: HttpResponse, route: HttpRoute, request: RouteRequest, withBody: boolean): void {
  const body = new ResponseBody(res);
  void Promise.resolve(request)
    .then(route)
    .catch(asAnswer)
    .then((answer) => {
      if (body.isClosed) return;
      if ('status' in answer) send(body, res, answer, withBody);
      else if (withBody) begin(body, res, answer);
      else send(body, res, { ...answer, status: '200 OK', body: '' }, withBody);
    });
}

function begin(
  body: ResponseBody,
  res: HttpResponse,
  { contentType, headers, stream }: StreamedAnswer,
): void {
  body.open(() => writeHead(res, { status: '200 OK', contentType, body: '', ...(headers && { headers }) }));
  try {
    stream(body);
  } catch (error) {
    if (body.hasBegun) body.end();
    else if (!body.isClosed) send(body, res, asAnswer(error), true);
  }
}

function asAnswer(error: unknown): HttpAnswer {
  return errorAnswer(error instanceof StreamError ? error : new StreamError('internal'));
}

function send(body: ResponseBody, res: HttpResponse, answer: HttpAnswer, withBody: boolean): void {
  body.finish(() => {
    writeHead(res, answer);
    // These two have no body, and are not to tell the length of one.
    if (/^(204|304)/.test(answer.status)) res.endWithoutBody();
    else if (withBody) res.end(answer.body);
    else res.endWithoutBody(Buffer.byteLength(answer.body));
  });
}

function writeHead(res: HttpResponse, answer: HttpAnswer): void {
  const { status, contentType, cacheControl = 'no-store', headers = {}, retryAfterSeconds } = answer;
  res.writeStatus(status);
  if (contentType !== '') res.writeHeader('content-type', contentType);
  res.writeHeader('cache-control', cacheControl).writeHeader('x-content-type-options', 'nosniff');
  for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value);
  if (retryAfterSeconds !== undefined) res.writeHeader('retry-after', String(retryAfterSeconds));
}

/** A part of a path. No name has an escape sequence that is broken: what refuses '' refuses it too. */
export function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
