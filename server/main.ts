import { fileURLToPath } from 'node:url';
import type { Device } from '../inference/device.ts';
import type { RecognizerGraphs } from '../inference/load-recognizer.ts';
import { prepareMoonshine } from '../inference/moonshine/rebuild/rebuild.ts';
import { openSenseVoice } from '../inference/sensevoice/open-sensevoice.ts';
import type { ThreadPoolOptions } from '../inference/threads/thread-pool.ts';
import { ThreadedRecognizer } from '../inference/threads/threaded-recognizer.ts';
import { ThreadedVad } from '../inference/threads/threaded-vad.ts';
import { CostModel } from '../scheduler/cost-model.ts';
import { FairScheduler } from '../scheduler/fair-scheduler.ts';
import { ApiKeys } from './admission/api-keys.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config/options.ts';
import { DialectSockets } from './dialects/dialect-sockets.ts';
import { dialectPorts, mountDialects, spokenDialects } from './dialects/dialects.ts';
import { Failure } from './failure.ts';
import { type History, openHistory } from './history/open-history.ts';
import { httpRoutes } from './http-routes.ts';
import type { Logger } from './log.ts';
import { Metrics } from './metrics.ts';
import { moonshineFiles } from './model-store/moonshine-files.ts';
import { isModelPath, recogniseModel } from './model-store/recognise-model.ts';
import type { ModelStore, ResolvedModel } from './model-store/store.ts';
import { HttpGuard } from './net/http-guard.ts';
import { type HttpSide, Listener } from './net/listener.ts';
import { Lobby } from './net/lobby.ts';
import { StaticFiles } from './net/static-files.ts';
import type { DecodeRequest } from './stream/dispatcher.ts';
import { Dispatcher } from './stream/dispatcher.ts';
import { VadTicker } from './stream/vad-ticker.ts';
import type { PoolName } from './thread-metrics.ts';
import { VERSION } from './version.ts';

/** Compiled next to this module: threads cannot run TypeScript. */
const RECOGNIZER_THREAD = new URL('../inference/threads/recognizer-thread.js', import.meta.url);
const VAD_THREAD = new URL('../inference/threads/vad-thread.js', import.meta.url);
/** Built beside the compiled server. */
const PAGES = fileURLToPath(new URL('../web', import.meta.url));

/** A batch holds up what comes next: no longer than a tenth of what is left of a final's time after its silence. */
const MAX_BATCH_MS = 250;
/**
 * Finals of a stream that got so much more than its share wait with everybody's partials. With a tenth of it a talker whose
 * pauses had been decoded while there was time waited seconds for a final when there was none.
 */
const MAX_LEAD_MS = 5000;
/** Twice as many go through 2 % faster, and the first of them waits twice as long for the last. */
const MAX_BATCH_SIZE = 8;

/** Far beyond any batch of windows, which takes some milliseconds. */
const VAD_DEADLINE_MS = 10_000;

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
export interface ServerOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly store: ModelStore;
  /** Fetches what the catalogue names and the disk lacks. */
  readonly pull: (name: string, signal: AbortSignal) => Promise<void>;
}

/** What the server wants to hear from a pool of threads. */
type ThreadListeners = Required<Pick<ThreadPoolOptions, 'onCrash' | 'onHang' | 'onExhausted'>>;

/** The models, running. */
interface Engine {
  readonly recognizer: ThreadedRecognizer;
  readonly vad: ThreadedVad;
  readonly recognizerModel: ResolvedModel;
  readonly vadModel: ResolvedModel;
}

/**
 * Wires everything and listens at once; streams are refused until the models are loaded.
 * @throws {Failure} when the address cannot be had, the keys file is wrong, or the history cannot be opened.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, log } = options;
  const keys = await ApiKeys.load(config.keysFile);
  const lobby = new Lobby(config, systemClock);
  const metrics = new Metrics(lobby);
  lobby.observe(metrics, log);
  const history = await openHistory(config, systemClock, metrics.history, log);
  let engine: Engine | null = null;
  const isStuck = () => engine !== null && (engine.recognizer.exhausted || engine.vad.exhausted);
  const guard = new HttpGuard(keys, config.allowedOrigins);
  const pages = await StaticFiles.load(PAGES);
  const routes = httpRoutes({
    ...{ lobby, metrics, guard, config, pages, isStuck },
    ...{ clock: systemClock, version: VERSION },
  });
  const sockets = new DialectSockets({ config, keys, clock: systemClock, lobby });
  metrics.watchDialects(sockets);
  const dialects = spokenDialects(config);
  const listening = {
    ...{ routes, preflight: guard.preflight },
    mount: mountDialects(sockets, dialects),
    ports: dialectPorts(sockets, dialects, config),
  };
  const { listener, port } = await listen(config, keys, lobby, listening).catch(async (error: unknown) => {
    await history.close();
    throw error;
  });
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  log.info({ url }, 'listening');
  const abort = new AbortController();
  const ready = startEngine(options, metrics, abort.signal).then(async (started) => {
    if (abort.signal.aborted) return closeEngine(started);
    engine = started;
    openLobby(lobby, started, metrics, history, options);
    log.info({ model: started.recognizerModel.name, devices: config.devices }, 'ready');
  });
  // Whoever started the server hears of it through `ready`; nobody has to.
  ready.catch(() => {});

  let stopping: Promise<void> | null = null;
  const stop = async () => {
    abort.abort();
    listener.stopListening();
    await lobby.drain();
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
      const pools = engine ? engine.recognizer.abandoned + engine.vad.abandoned : 0;

      return pools + history.abandonedThreads;
    },
  };
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

async function startEngine(
  { config, log, store, pull }: ServerOptions,
  metrics: Metrics,
  signal: AbortSignal,
): Promise<Engine> {
  for (const name of [config.model, config.vadModel]) if (!isModelPath(name)) await pull(name, signal);
  const resolveModel = (name: string) => (isModelPath(name) ? recogniseModel(name) : store.resolve(name));
  const recognizerModel = await resolveModel(config.model);
  const vadModel = await resolveModel(config.vadModel);
  requireAdapter(recognizerModel, ['moonshine', 'sensevoice'], '--model');
  requireAdapter(vadModel, ['silero'], '--vad-model');
  let loaded = false;
  const listeners = (pool: PoolName): ThreadListeners => ({
    onCrash: () => {
      // A thread that cannot even load is reported by `ready`.
      if (!loaded) return;
      log.error({ pool }, 'a thread died and is being replaced');
      metrics.threads.crashed(pool);
    },
    onHang: () => {
      log.error({ pool }, 'a thread did not answer in time and has been given up');
      metrics.threads.hung(pool);
    },
    onExhausted: () => {
      log.fatal({ pool }, 'too many threads do not answer and cannot be ended: restart the server');
    },
  });
  const vad = await ThreadedVad.start({
    workerUrl: VAD_THREAD,
    file: Object.values(vadModel.files)[0]!,
    deadlineMs: VAD_DEADLINE_MS,
    ...listeners('vad'),
  });
  try {
    const recognizer = await startRecognizer(config, recognizerModel, log, listeners('recognizer'));
    loaded = true;
    metrics.threads.watch({ recognizer, vad });

    return { recognizer, vad, recognizerModel, vadModel };
  } catch (error) {
    await vad.close();
    throw error;
  }
}

async function startRecognizer(
  config: Config,
  model: ResolvedModel,
  log: Logger,
  listeners: ThreadListeners,
): Promise<ThreadedRecognizer> {
  const devices = config.devices.split(',') as Device[];
  const graphs = await prepareGraphs(model, devices, log);
  try {
    return await ThreadedRecognizer.start({
      workerUrl: RECOGNIZER_THREAD,
      graphs,
      devices,
      ...listeners,
    });
  } catch (error) {
    const detail = (error as Error).message;
    if (!devices.some((device) => device !== 'cpu'))
      throw new Failure(`The model ${model.name} cannot be loaded: ${detail}`);
    throw new Failure(
      `The model ${model.name} cannot be loaded on ${config.devices}. A GPU needs NVIDIA's driver, CUDA, cuDNN and onnxruntime's CUDA provider on this machine; --devices cpu needs none of them. The runtime said: ${detail}`,
    );
  }
}

/** What threads load of a model. */
async function prepareGraphs(
  model: ResolvedModel,
  devices: readonly Device[],
  log: Logger,
): Promise<RecognizerGraphs> {
  if (model.adapter === 'sensevoice') {
    const floats = devices.some((device) => device !== 'cpu');

    return (await openSenseVoice(model.files, { floats, itn: true }))!;
  }

  return prepareMoonshine(moonshineFiles(model), model.contentHash, (err) =>
    log.warn(
      { err },
      'the model runs on its shipped graphs, at less than half the speed: they could not be rebuilt',
    ),
  );
}

function requireAdapter(
  { name, adapter }: ResolvedModel,
  wanted: readonly ResolvedModel['adapter'][],
  flag: string,
): void {
  if (!wanted.includes(adapter))
    throw new Failure(`${flag} ${name} is of kind ${adapter}; it has to be of kind ${wanted.join(' or ')}.`);
}

function openLobby(
  lobby: Lobby,
  engine: Engine,
  metrics: Metrics,
  history: History,
  { config, log }: ServerOptions,
): void {
  const { recognizer, vad, recognizerModel, vadModel } = engine;
  const { maxBatchSize, languages } = recognizer.capabilities;
  const scheduler = new FairScheduler<DecodeRequest>({
    maxBatchSize: Math.min(maxBatchSize, MAX_BATCH_SIZE),
    maxBatchMs: MAX_BATCH_MS,
    maxFinalsPerFlow: config.maxFinalsPerStream,
    maxLeadMs: MAX_LEAD_MS,
    costs: new CostModel(),
  });
  lobby.open({
    dispatcher: new Dispatcher(scheduler, recognizer, systemClock, config, {
      decoded: (priority, batch) => metrics.decoded(priority, batch),
      failed: (reason, err) => {
        log.error({ reason, err }, 'segments could not be decoded and are tried again');
        metrics.decodeFailed(reason);
      },
      gaveUp: () => metrics.gaveUp(),
    }),
    ticker: new VadTicker(vad, systemClock, config, metrics),
    languages,
    models: { recognizer: identify(recognizerModel), vad: identify(vadModel) },
    recorder: history.recorder,
    transcripts: { finals: (meeting, query) => history.recorder.finalsOfMeeting(meeting, query) },
  });
}

function identify({ name, contentHash }: ResolvedModel): { readonly name: string; readonly hash: string } {
  return { name, hash: contentHash };
}

async function closeEngine({ recognizer, vad }: Engine): Promise<void> {
  await Promise.all([recognizer.close(), vad.close()]);
}
