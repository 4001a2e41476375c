import type { Clock } from './clock.ts';
import type { Config } from './config/options.ts';
import type { DeviceReport } from './devices/device-report.ts';
import { isSpoken } from './dialects/dialect-names.ts';
import { openaiRoutes } from './dialects/openai/openai-routes.ts';
import { ERRORS } from './errors.ts';
import type { Metrics } from './metrics.ts';
import { type HttpAnswer, type HttpRoutes, jsonAnswer } from './net/http.ts';
import type { HttpGuard } from './net/http-guard.ts';
import type { Lobby } from './net/lobby.ts';
import type { StaticFiles } from './net/static-files.ts';
import { type Archive, ArchiveRoutes } from './outputs/archive-routes.ts';
import { eventRoute } from './outputs/event-route.ts';
import { hlsRoutes } from './outputs/hls/hls-routes.ts';
import { statusOf } from './outputs/status.ts';
import { TranscriptRoutes } from './outputs/transcript-route.ts';
import { LEAST_RETRY_MS } from './overload/admission.ts';
import { TRANSCRIPT_FORMATS } from './transcript/transcript-file.ts';

const WELCOME = `Roundtable: live captions for many meetings at once.

  WebSocket /v1/stream                        speak: send audio, receive captions
  WebSocket /v1/meetings/{meeting}/captions   read along with everyone in a meeting
  GET /v1/meetings/{meeting}/events           the same as server-sent events
  GET /v1/meetings/{meeting}/transcript.txt   what was said; also .srt, .vtt, .json, .docx
  GET /v1/meetings/{meeting}/hls/captions.m3u8  live WebVTT for players
  POST /v1/audio/transcriptions, /v1/listen   a recording, as OpenAI's and Deepgram's clients send them
  WebSocket /v1/realtime, /v1/listen, /funasr, /vosk   live, as other services' clients do
  POST /v1/jobs                               caption a recording; GET tells how the queue fares
  PUT /v1/meetings/{meeting}/vocabulary       hot words and masked words of a meeting; GET, DELETE
  GET /v1/meetings                            the meetings of which something is stored
  GET /v1/search?q=                           what was said in them
  GET /v1/export                              all of it, as JSON Lines
  DELETE /v1/meetings/{meeting}               forget what was said in a meeting
  GET /v1/status                              how the server fares
  GET /healthz                                the process is alive and need not be restarted
  GET /readyz                                 the models are loaded, and which
  GET /metrics                                for Prometheus

The protocol is described in docs/protocol.md, other services' in docs/dialects.md; --dialects chooses among those.
`;

/** What the routes answer from. */
export interface RouteParts {
  readonly lobby: Lobby;
  readonly archive: Archive;
  /** Lets go of the results of a meeting's recordings. @returns how many there were. */
  readonly forgetRecordings: (meeting: string) => Promise<number>;
  readonly metrics: Metrics;
  readonly guard: HttpGuard;
  readonly clock: Clock;
  readonly config: Pick<Config, 'maxOutputBytes' | 'dialects'>;
  /** Those of the queue of recordings. */
  readonly jobs: HttpRoutes;
  /** Of this server. */
  readonly version: string;
  /** The web pages; null where they were not built. */
  readonly pages: StaticFiles | null;
  /** Where the models run; nothing before they are loaded. */
  readonly devices: () => DeviceReport;
  /** Whether threads that never answer have used up all that may be started. */
  readonly isStuck: () => boolean;
}

/** Pages by their paths; each reads the rest of its address itself. */
const PAGES: Readonly<Record<string, string>> = {
  '/meetings/:meeting': 'captions.html',
  '/overlay': 'overlay.html',
  '/recordings': 'recordings.html',
  '/search': 'search.html',
  '/status': 'status.html',
};

/** The answers to DELETE. */
export function deleteRoutes(
  parts: Pick<RouteParts, 'lobby' | 'archive' | 'guard' | 'forgetRecordings'>,
): HttpRoutes {
  return { '/v1/meetings/:meeting': parts.guard.protect(archiveRoutes(parts).deleteMeeting) };
}

function archiveRoutes({
  lobby,
  archive,
  forgetRecordings,
}: Pick<RouteParts, 'lobby' | 'archive' | 'forgetRecordings'>): ArchiveRoutes {
  return new ArchiveRoutes(archive, (cause) => lobby.error('internal', cause), forgetRecordings);
}

/** The plain HTTP answers. */
export function httpRoutes(parts: RouteParts): HttpRoutes {
  const { lobby, metrics, clock, version, pages, isStuck } = parts;
  const startedAtMs = clock.now();

  return {
    '/': (request) =>
      pages?.has('index.html') && request.headers.accept.includes('text/html')
        ? pages.answer('index.html', request)
        : { status: '200 OK', contentType: 'text/plain; charset=utf-8', body: WELCOME },
    '/healthz': () => (isStuck() ? stuck({ alive: false }) : jsonAnswer('200 OK', { alive: true })),
    '/readyz': () => (isStuck() ? stuck({ ready: false }) : readiness(lobby, parts.devices())),
    '/metrics': async () => ({ status: '200 OK', ...(await metrics.render()) }),
    '/v1/status': () =>
      jsonAnswer('200 OK', {
        ...statusOf(lobby, { version, uptimeMs: clock.now() - startedAtMs }),
        ...parts.devices(),
      }),
    ...meetingRoutes(parts),
    ...(isSpoken(parts.config, 'openai') && openaiRoutes(lobby, parts.guard)),
    ...parts.jobs,
    ...(pages && pageRoutes(pages)),
  };
}

function meetingRoutes(parts: RouteParts): HttpRoutes {
  const { lobby, guard, clock, config } = parts;
  const stored = archiveRoutes(parts);
  const transcripts = new TranscriptRoutes(lobby);
  const hls = hlsRoutes({
    clock,
    meetings: lobby.liveMeetings,
    get transcripts() {
      return lobby.transcripts;
    },
  });

  return {
    '/v1/meetings': guard.protect(stored.meetings),
    '/v1/search': guard.protect(stored.search),
    '/v1/export': guard.protect(stored.exportFinals),
    '/v1/meetings/:meeting/events': guard.protect(eventRoute(lobby, clock, config.maxOutputBytes)),
    '/v1/meetings/:meeting/hls/captions.m3u8': guard.protect(hls.playlist),
    '/v1/meetings/:meeting/hls/:segment': guard.protect(hls.segment),
    ...Object.fromEntries(
      TRANSCRIPT_FORMATS.map((format) => [
        `/v1/meetings/:meeting/transcript.${format}`,
        guard.protect(transcripts.route(format)),
      ]),
    ),
  };
}

function pageRoutes(pages: StaticFiles): HttpRoutes {
  const assets = pages.names.filter((name) => !name.endsWith('.html')).map((name) => [`/${name}`, name]);

  return Object.fromEntries(
    [...Object.entries(PAGES), ...assets].map(([path, name]) => [
      path,
      (request) => pages.answer(name!, request),
    ]),
  );
}

function stuck(state: object): HttpAnswer {
  return jsonAnswer('503 Service Unavailable', {
    ...state,
    reason: 'Threads do not answer and cannot be ended. Restart the server.',
  });
}

function readiness({ unreadyFor, models }: Lobby, { devices }: DeviceReport): HttpAnswer {
  if (!unreadyFor && models) {
    const recognizers = models.recognizers.list.map(({ name, hash }) => ({ name, hash }));

    return jsonAnswer('200 OK', { ready: true, models: { recognizers, vad: models.vad }, devices });
  }
  const { httpStatus, text } = ERRORS[unreadyFor ?? 'not-ready'];

  return {
    ...jsonAnswer(`${httpStatus} Service Unavailable`, { ready: false, reason: text }),
    retryAfterSeconds: Math.ceil(LEAST_RETRY_MS / 1000),
  };
}
