import type { TemplatedApp } from 'uWebSockets.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FairScheduler } from '../scheduler/fair-scheduler.ts';
import { ApiKeys } from './admission/api-keys.ts';
import { batchPolicies } from './batch-policy.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config/options.ts';
import { reportDevices } from './devices/device-report.ts';
import { DialectSockets } from './dialects/dialect-sockets.ts';
import { dialectPorts, mountDialects, spokenDialects } from './dialects/dialects.ts';
import { closeEngine, type Engine, type EngineOptions, startEngine } from './engine.ts';
import { type History, openHistory } from './history/open-history.ts';
import { deleteRoutes, httpRoutes } from './http-routes.ts';
import { JobService } from './jobs/job-service.ts';
import type { Logger } from './log.ts';
import { Metrics } from './metrics.ts';
import type { Wanted } from './models/served-models.ts';
import { HttpGuard } from './net/http-guard.ts';
import { type HttpSide, Listener } from './net/listener.ts';
import { Lobby } from './net/lobby.ts';
import { StaticFiles } from './net/static-files.ts';
import { postRoutes } from './post-routes.ts';
import type { DecodeRequest } from './stream/dispatcher.ts';
import { Dispatcher } from './stream/dispatcher.ts';
import { VadTicker } from './stream/vad-ticker.ts';
import { type MaskFile, readMaskFile } from './text/mask-file.ts';
import { vocabularyRoutes } from './text/vocabulary-routes.ts';
import { openUploadFolder } from './upload/upload-folder.ts';
import { Uploads } from './upload/uploads.ts';
import { VERSION } from './version.ts';

/** Built beside the compiled server. */
const PAGES = fileURLToPath(new URL('../web', import.meta.url));

/**
 * Finals of a stream that got so much more than its share wait with everybody's partials. With a tenth of it a talker whose
 * pauses had been decoded while there was time waited seconds for a final when there was none.
 */
const MAX_LEAD_MS = 5000;

/** For answers to recordings that were under way when the server stopped. */
const LAST_ANSWERS_MS = 2000;

/** A running server. */
export interface Server {
  /** Where it listens, as `http://host:port`. */
  readonly url: string;
  /** Resolves when streams are taken. @throws {Failure} when the models cannot be had. */
  readonly ready: Promise<void>;
  /** Reads the API keys again. A file that is wrong is logged, and the keys stay as they were. */
  reloadKeys(): Promise<void>;
  /** Lets streams finish within the drain timeout, then ends everything. Idempotent. */
  stop(): Promise<void>;
  /** Threads that live on, stopped or not, because they cannot be ended: only a signal ends their process. */
  readonly abandonedThreads: number;
}

/** What a server is started with. */
export type ServerOptions = EngineOptions;

/**
 * Wires everything and listens at once; streams are refused until the models are loaded.
 * @throws {Failure} when the address cannot be had, the keys file is wrong, or the history cannot be opened.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, log } = options;
  const keys = await ApiKeys.load(config.keysFile);
  const mask = await readMaskFile(config.maskWords);
  const lobby = new Lobby(config, systemClock);
  const metrics = new Metrics(lobby);
  lobby.observe(metrics, log);
  const history = await openHistory(config, systemClock, metrics.history, log);
  const { archive } = history;
  const { uploads, jobs } = await openRecordings(options, lobby, metrics).catch(async (error: unknown) => {
    await history.close();
    throw error;
  });
  let engine: Engine | null = null;
  const isStuck = () => engine !== null && (engine.recognizers.exhausted || engine.vad.exhausted);
  const guard = new HttpGuard(keys, config.allowedOrigins, (cause) => lobby.error('internal', cause));
  const pages = await StaticFiles.load(PAGES);
  const jobRoutes = jobs.routes(guard);
  const forgetRecordings = async (meeting: string) => jobs.queue.forgetMeeting(meeting);
  const words = vocabularyRoutes({ guard, vocabularies: lobby.vocabularies, config });
  const routes = {
    ...words.gets,
    ...httpRoutes({
      jobs: jobRoutes.gets,
      ...{ lobby, metrics, archive, forgetRecordings, guard, config, pages, isStuck },
      devices: () => reportDevices(engine),
      ...{ clock: systemClock, version: VERSION },
    }),
  };
  const posts = postRoutes({ lobby, guard, uploads, config, jobs: jobRoutes.posts });
  const sockets = new DialectSockets({ config, keys, clock: systemClock, lobby });
  metrics.watchDialects(sockets);
  const dialects = spokenDialects(config);
  const listening = {
    ...{ routes, posts, puts: words.puts, preflight: guard.preflight },
    deletes: {
      ...deleteRoutes({ lobby, archive, guard, forgetRecordings }),
      ...words.deletes,
      ...jobRoutes.deletes,
    },
    mount: (app: TemplatedApp) => {
      mountDialects(sockets, dialects)(app);
      jobs.mount(app, keys);
    },
    ports: dialectPorts(sockets, dialects, config),
  };
  const { listener, port } = await listen(config, keys, lobby, listening).catch(async (error: unknown) => {
    await jobs.close();
    await history.close();
    throw error;
  });
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  log.info({ url }, 'listening');
  const abort = new AbortController();
  const ready = startEngine(options, metrics, abort.signal).then(async (started) => {
    if (abort.signal.aborted) return closeEngine(started);
    engine = started;
    openLobby(lobby, started, metrics, history, mask, options);
    jobs.begin({
      basis: (wanted) => captionBasis(started, config, mask, wanted),
      keep: (captions) => history.recorder.keep(captions),
    });
    const devices = started.recognizers.places.map(({ asked }) => asked).join(',');
    log.info({ models: started.models.list.map(({ name }) => name), devices }, 'ready');
  });
  // Whoever started the server hears of it through `ready`; nobody has to.
  ready.catch(() => {});

  let stopping: Promise<void> | null = null;
  const stop = async () => {
    abort.abort();
    listener.stopListening();
    // What runs is taken up at the next start: no stream of it is to be waited for.
    await jobs.close();
    await lobby.drain();
    // Whoever sent a recording is told what became of it, if that is soon.
    await Promise.race([uploads.close(), sleep(LAST_ANSWERS_MS, undefined, { ref: false })]);
    // Out of the handler of the last socket to close, whose last message is only sent when the handler returns.
    await new Promise((resolve) => setImmediate(resolve));
    listener.close();
    await ready.catch(() => {});
    if (engine) await closeEngine(engine);
    await history.close();
    metrics.close();
    log.info('stopped');
  };

  return {
    url,
    ready,
    reloadKeys: () => reloadKeys(keys, log),
    stop: () => {
      stopping ??= stop();

      return stopping;
    },
    get abandonedThreads() {
      const pools = engine ? engine.recognizers.abandoned + engine.vad.abandoned : 0;

      return pools + history.abandonedThreads;
    },
  };
}

async function openRecordings(
  { config, log }: ServerOptions,
  lobby: Lobby,
  metrics: Metrics,
): Promise<{ readonly uploads: Uploads; readonly jobs: JobService }> {
  const uploadFolder = await openUploadFolder(config.dataDir);
  const uploads = new Uploads({ folder: uploadFolder, bounds: config, observer: lobby });
  metrics.uploads.watch(uploads);
  const jobs = await JobService.open({
    ...{ config, log, lobby, uploads, uploadFolder },
    ...{ clock: systemClock, metrics: metrics.jobs },
  });

  return { uploads, jobs };
}

async function listen(
  config: Config,
  keys: ApiKeys,
  lobby: Lobby,
  http: HttpSide,
): Promise<{ readonly listener: Listener; readonly port: number }> {
  const listener = await Listener.create(config, keys, lobby, http);

  return { listener, port: listener.listen() };
}

async function reloadKeys(keys: ApiKeys, log: Logger): Promise<void> {
  try {
    log.info({ keys: await keys.reload() }, 'the keys file was read again');
  } catch (err) {
    log.error({ err }, 'the keys stay as they were');
  }
}

/** All that the captions of a recording depend on, besides itself and what else is asked for. @throws {StreamError} */
function captionBasis({ models, vadModel }: Engine, config: Config, mask: MaskFile, wanted: Wanted): string {
  const { startThreshold, minSpeechMs, minSilenceMs, maxSegmentMs } = config;
  const { prefixPaddingMs, tailPaddingMs, energyGateDbfs } = config;

  return JSON.stringify([
    ...[models.choose(wanted).hash, vadModel.hash, startThreshold, minSpeechMs, minSilenceMs],
    ...[maxSegmentMs, prefixPaddingMs, tailPaddingMs, energyGateDbfs],
    ...(mask.hash === null ? [] : [mask.hash]),
  ]);
}

function openLobby(
  lobby: Lobby,
  engine: Engine,
  metrics: Metrics,
  history: History,
  mask: MaskFile,
  { config, log }: ServerOptions,
): void {
  const { recognizers, vad, models, vadModel } = engine;
  metrics.models.watch(models.list.map(({ name }) => name));
  const scheduler = new FairScheduler<DecodeRequest>({
    ...batchPolicies(recognizers),
    maxFinalsPerFlow: config.maxFinalsPerStream,
    maxLeadMs: MAX_LEAD_MS,
  });
  lobby.open({
    dispatcher: new Dispatcher(scheduler, recognizers, systemClock, config, {
      decoded: (priority, batch) => metrics.decoded(priority, batch),
      failed: (reason, err) => {
        log.error({ reason, err }, 'segments could not be decoded and are tried again');
        metrics.decodeFailed(reason);
      },
      gaveUp: () => metrics.gaveUp(),
    }),
    ticker: new VadTicker(vad, systemClock, config, metrics),
    recognizers: models,
    vad: vadModel,
    mask: mask.list,
    recorder: history.recorder,
    transcripts: { finals: (meeting, query) => history.recorder.finalsOfMeeting(meeting, query) },
  });
}
