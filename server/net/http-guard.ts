import type { ApiKeys, Caller } from '../admission/api-keys.ts';
import { presentedKey } from '../admission/credentials.ts';
import { StreamError } from '../errors.ts';
import {
  errorAnswer,
  type HttpAnswer,
  type HttpRoute,
  type PostRequest,
  type RouteAnswer,
  type RouteRequest,
  type StreamedAnswer,
  textAnswer,
} from './http.ts';
import { isOriginAllowed } from './origins.ts';
import { ClientGoneError } from './request-body.ts';

/** A route that knows who asks. */
export type KeyedRoute<Request extends RouteRequest = RouteRequest> = (
  request: Request,
  caller: Caller,
) => RouteAnswer;

/** A POST route that does. */
export type KeyedPost = KeyedRoute<PostRequest>;

/** How a dialect of another service presents keys, and tells faults. */
export interface Manners {
  /** The key that a request presents; null for none. */
  readonly keyOf: (request: RouteRequest) => string | null;
  /** The answer that a fault is, `unauthorized` among them. */
  readonly tell: (error: StreamError) => HttpAnswer;
}

/** `Authorization: Bearer KEY` or `?key=KEY`, and sentences. */
export const OWN_MANNERS: Manners = {
  keyOf: ({ headers, query }) => presentedKey(headers.authorization, '') ?? query.get('key'),
  tell: errorAnswer,
};

/** Who may come over HTTP: with a key where one is needed, and from which pages. */
export class HttpGuard {
  readonly #keys: ApiKeys;
  readonly #allowedOrigins: string;
  readonly #onFailure: (cause: unknown) => void;

  /** @param onFailure hears what a route threw that is no fault with a name. */
  constructor(keys: ApiKeys, allowedOrigins: string, onFailure: (cause: unknown) => void = () => {}) {
    this.#keys = keys;
    this.#allowedOrigins = allowedOrigins;
    this.#onFailure = onFailure;
  }

  /** A route for those who may, pages of allowed origins among them. */
  protect<Request extends RouteRequest>(
    route: KeyedRoute<Request>,
    { keyOf, tell }: Manners = OWN_MANNERS,
  ): (request: Request) => Promise<HttpAnswer | StreamedAnswer> {
    return async (request) => {
      const { origin, host } = request.headers;
      if (!isOriginAllowed(origin, host, this.#allowedOrigins)) return FOREIGN;
      const caller = this.#keys.identify(keyOf(request));
      const answer = caller
        ? await this.#ask(() => route(request, caller), tell)
        : tell(new StreamError('unauthorized', 'Send it as "Authorization: Bearer KEY", or as ?key=KEY.'));

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
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
        'access-control-allow-headers': 'authorization, content-type, last-event-id',
        'access-control-max-age': '86400',
      },
    };
  };

  /** Never throws. */
  async #ask(route: () => RouteAnswer, tell: Manners['tell']): Promise<HttpAnswer | StreamedAnswer> {
    try {
      return await route();
    } catch (error) {
      if (error instanceof StreamError) return tell(error);
      if (!(error instanceof ClientGoneError)) this.#onFailure(error);

      return tell(new StreamError('internal'));
    }
  }
}

const FOREIGN = textAnswer('403 Forbidden', 'Pages of this origin may not read here: see --allowed-origins.');

/** Lets a page of another origin read the answer, and its headers. */
function corsHeaders(origin: string): Readonly<Record<string, string>> {
  return {
    vary: 'origin',
    ...(origin !== '' && {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'content-disposition, etag, location, retry-after, roundtable-error',
    }),
  };
}
