import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { HonoAdapter } from '@bull-board/hono';
import type { Queue } from 'bullmq';
import type { Context } from 'hono';
import type { HttpAnswer, HttpRoute, HttpRoutes, RouteRequest } from '../../net/http.ts';
import { StaticFiles } from '../../net/static-files.ts';

/** Where operators find it. */
const BASE = '/admin/queues';
/** What cannot be had from here is not asked for anywhere else, whatever the pages say. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
/** The pages ask for their typeface at another server. */
const FOREIGN_LINK = /<link\b[^>]*\bhref="https?:[^>]*>/g;

/**
 * Bull Board, to look at. It changes nothing: what it shows are hand-outs, and not the jobs' records. It loads nothing from other
 * servers.
 */
export async function bullBoardRoutes(queues: readonly Queue[]): Promise<HttpRoutes> {
  const folder = dirname(createRequire(import.meta.url).resolve('@bull-board/ui/package.json'));
  const files = await StaticFiles.load(join(folder, 'dist', 'static'));
  const adapter = new HonoAdapter(() => (c: Context) => Promise.resolve(c.notFound()));
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter: adapter.setBasePath(BASE),
    options: { uiBasePath: folder, uiConfig: { boardTitle: 'Roundtable' } },
  });
  const app = adapter.registerPlugin();
  const route: HttpRoute = async (request) => {
    const { path } = request;
    const file = path.slice(`${BASE}/static/`.length);
    if (path.startsWith(`${BASE}/static/`) && files) return guarded(files.answer(file, request));

    return guarded(await fetched(await app.fetch(asked(request))));
  };

  return { [BASE]: route, [`${BASE}/*`]: route };
}

/** The request as hono's `fetch` takes it, by a path without the base. */
function asked({ path, query }: RouteRequest): Request {
  const url = new URL('http://localhost');
  url.pathname = path.slice(BASE.length) || '/';
  url.search = query.toString();

  return new Request(url);
}

async function fetched(response: Response): Promise<HttpAnswer> {
  const contentType = response.headers.get('content-type') ?? 'text/plain; charset=utf-8';
  const body = await response.text();
  const isPage = contentType.startsWith('text/html');

  return {
    status: `${response.status} ${response.statusText || (response.ok ? 'OK' : 'Failed')}`,
    contentType,
    body: isPage ? body.replaceAll(FOREIGN_LINK, '') : body,
  };
}

function guarded(answer: HttpAnswer): HttpAnswer {
  const headers = { ...answer.headers, 'content-security-policy': POLICY, 'referrer-policy': 'no-referrer' };

  return { ...answer, headers };
}
