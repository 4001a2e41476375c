import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import { systemClock } from '../clock.ts';
import { ERRORS, StreamError } from '../errors.ts';
import { RequestBody } from './request-body.ts';
import { ResponseBody } from './response-body.ts';

/** Headers that routes read. */
const HEADERS = [
  'accept',
  'authorization',
  'content-length',
  'content-type',
  'host',
  'if-none-match',
  'last-event-id',
  'origin',
] as const;

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

/** What routes know of a POST, or a PUT. */
export interface PostRequest extends RouteRequest {
  /**
   * The body as it arrives, to be read once; the client waits while nobody reads. What is left of it when the answer is
   * there is dropped. Reading throws `ClientGoneError`, or a StreamError `upload-stalled`.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborted, with a `ClientGoneError`, when the client goes away before its answer has ended. */
  readonly signal: AbortSignal;
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
  /**
   * What means nothing in this type, in place of the comment line of event streams: it is written between two pieces,
   * to find out whether the client has taken the first.
   */
  readonly filler?: string;
  /** Begins to write; the status and headers go before the first piece. @throws {StreamError} to refuse instead. */
  readonly stream: (body: ResponseBody) => void;
}

/** What a route comes to. */
export type RouteAnswer = HttpAnswer | StreamedAnswer | Promise<HttpAnswer | StreamedAnswer>;

/** Makes the answer to a GET, HEAD or DELETE. @throws {StreamError} as which it is answered then. */
export type HttpRoute = (request: RouteRequest) => RouteAnswer;

/** Makes the answer to a POST, or a PUT. @throws {StreamError} as which it is answered then. */
export type PostRoute = (request: PostRequest) => RouteAnswer;

/** By path, as uWebSockets.js writes patterns: `/v1/meetings/:meeting/events`, `/assets/*`. */
export type HttpRoutes = Readonly<Record<string, HttpRoute>>;

/** Likewise. */
export type PostRoutes = Readonly<Record<string, PostRoute>>;

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

/** A fault as HTTP tells it: with the status of the same meaning, and its code for programs. */
export function errorAnswer({ code, message, retryAfterMs }: StreamError): HttpAnswer {
  const { httpStatus } = ERRORS[code];

  return {
    ...textAnswer(`${httpStatus} ${STATUS_CODES[httpStatus] ?? ''}`, message),
    headers: { 'roundtable-error': code, ...(code === 'unauthorized' && { 'www-authenticate': 'Bearer' }) },
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
  answer(res, new ResponseBody(res), () => route(request), withBody);
}

/** Answers a POST, or a PUT. To be called from uWebSockets.js' own handler: nothing of the body comes before. */
export function respondToPost(res: HttpResponse, route: PostRoute, request: RouteRequest): void {
  const received = new RequestBody(res, systemClock);
  const body = new ResponseBody(res, received);
  answer(res, body, () => route({ ...request, body: received, signal: received.signal }), true);
}

function answer(res: HttpResponse, body: ResponseBody, route: () => RouteAnswer, withBody: boolean): void {
  void Promise.resolve()
    .then(route)
    .catch(asAnswer)
    .then((made) => {
      if (body.isClosed) return;
      if ('status' in made) send(body, res, made, withBody);
      else if (withBody) begin(body, res, made);
      else send(body, res, { ...made, status: '200 OK', body: '' }, withBody);
    });
}

function begin(
  body: ResponseBody,
  res: HttpResponse,
  { contentType, headers, filler, stream }: StreamedAnswer,
): void {
  body.open(
    () => writeHead(res, { status: '200 OK', contentType, body: '', ...(headers && { headers }) }),
    filler,
  );
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
