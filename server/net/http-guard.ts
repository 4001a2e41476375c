import type { ApiKeys, Caller } from '../admission/api-keys.ts';
import { presentedKey } from '../admission/credentials.ts';
import { StreamError } from '../errors.ts';
import {
  errorAnswer,
  type HttpAnswer,
  type HttpRoute,
  type RouteRequest,
  type StreamedAnswer,
  textAnswer,
} from './http.ts';
import { isOriginAllowed } from './origins.ts';

/** A route that knows who asks. */
export type KeyedRoute = (
  request: RouteRequest,
  caller: Caller,
) => HttpAnswer | StreamedAnswer | Promise<HttpAnswer | StreamedAnswer>;

/** Who may read over HTTP: with a key where one is needed, and from which pages. */
export class HttpGuard {
  readonly #keys: ApiKeys;
  readonly #allowedOrigins: string;

  constructor(keys: ApiKeys, allowedOrigins: string) {
    this.#keys = keys;
    this.#allowedOrigins = allowedOrigins;
  }

  /** A route for those who may, pages of allowed origins among them. */
  protect(route: KeyedRoute): HttpRoute {
    return async (request) => {
      const { origin, host, authorization } = request.headers;
      if (!isOriginAllowed(origin, host, this.#allowedOrigins)) return FOREIGN;
      const caller = this.#keys.identify(presentedKey(authorization, '') ?? request.query.get('key'));
      const answer = caller
        ? await Promise.resolve(route(request, caller)).catch(asAnswer)
        : errorAnswer(
            new StreamError('unauthorized', 'Send it as "Authorization: Bearer KEY", or as ?key=KEY.'),
          );

      return { ...answer, headers: { ...answer.headers, ...corsHeaders(origin) } };
    };
  }

  /** Answers what browsers ask before they send a key across origins (WHATWG Fetch, "CORS-preflight request"). */
  readonly preflight: HttpRoute = ({ headers: { origin, host } }) => {
    if (!isOriginAllowed(origin, host, this.#allowedOrigins)) return FOREIGN;

    return {
      status: '204 No Content',
      contentType: '',
      body: '',
      headers: {
        ...corsHeaders(origin),
        'access-control-allow-methods': 'GET, HEAD',
        'access-control-allow-headers': 'authorization, last-event-id',
        'access-control-max-age': '86400',
      },
    };
  };
}

const FOREIGN = textAnswer('403 Forbidden', 'Pages of this origin may not read here: see --allowed-origins.');

/** Lets a page of another origin read the answer, and its headers. */
function corsHeaders(origin: string): Readonly<Record<string, string>> {
  return {
    vary: 'origin',
    ...(origin !== '' && {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'content-disposition, etag, retry-after',
    }),
  };
}

function asAnswer(error: unknown): HttpAnswer {
  if (error instanceof StreamError) return errorAnswer(error);
  throw error;
}
