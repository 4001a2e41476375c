import { ApiKeys } from '../../server/admission/api-keys.ts';
import type { Clock } from '../../server/clock.ts';
import { readConfig } from '../../server/config/config.ts';
import { reportDevices } from '../../server/devices/device-report.ts';
import { HistoryArchive } from '../../server/history/history-archive.ts';
import { MemoryStore } from '../../server/history/memory-store.ts';
import { httpRoutes, type RouteParts } from '../../server/http-routes.ts';
import type { Metrics } from '../../server/metrics.ts';
import type { HttpAnswer, RouteRequest } from '../../server/net/http.ts';
import { HttpGuard } from '../../server/net/http-guard.ts';
import type { Lobby } from '../../server/net/lobby.ts';

const NO_HEADERS: RouteRequest['headers'] = {
  accept: '',
  authorization: '',
  'content-length': '',
  'content-type': '',
  host: '',
  'if-none-match': '',
  'last-event-id': '',
  origin: '',
};

/** Asks the routes of a lobby for a path, as the listener does. */
export async function askRoutes(
  lobby: Lobby,
  metrics: Metrics,
  clock: Clock,
  more: Partial<Pick<RouteParts, 'isStuck' | 'pages'>> = {},
): Promise<(path: string, headers?: Partial<RouteRequest['headers']>) => Promise<HttpAnswer>> {
  const config = readConfig();
  const guard = new HttpGuard(await ApiKeys.load('none'), config.allowedOrigins);
  const store = new MemoryStore();
  const archive = new HistoryArchive(store, { dropFinals: () => 0 }, clock, { searched: () => {} });
  const parts = {
    archive,
    forgetRecordings: async () => 0,
    lobby,
    metrics,
    guard,
    clock,
    config,
    jobs: {},
    version: '1.2.3',
    pages: null,
    isStuck: () => false,
    devices: () => reportDevices(null),
  };
  const routes = httpRoutes({ ...parts, ...more });

  return async (path, headers = {}) => {
    const request = {
      path,
      params: [],
      query: new URLSearchParams(),
      headers: { ...NO_HEADERS, ...headers },
    };
    const answer = await routes[path]!(request);
    if (!('status' in answer)) throw new Error(`${path} answers without an end.`);

    return answer;
  };
}
