import type { Device } from '../inference/device.ts';
import type { ModelGraphs } from '../inference/load-recognizer.ts';
import { ModelFilesError } from '../inference/model-files-error.ts';
import { prepareMoonshine, rebuildForGpu } from '../inference/moonshine/rebuild/rebuild.ts';
import { forGpus } from '../inference/sensevoice/layout.ts';
import { type GraphChoice, openSenseVoice } from '../inference/sensevoice/open-sensevoice.ts';
import { openSherpa } from '../inference/sherpa/open-sherpa.ts';
import { probeSherpa } from '../inference/sherpa/probe-sherpa.ts';
import type { SherpaGraphs } from '../inference/sherpa/sherpa-graphs.ts';
import type { ThreadPoolOptions } from '../inference/threads/thread-pool.ts';
import { ThreadedRecognizers } from '../inference/threads/threaded-recognizers.ts';
import { ThreadedVad } from '../inference/threads/threaded-vad.ts';
import { weightBytes } from '../inference/weight-files.ts';
import type { Config } from './config/options.ts';
import { type GpuWatch, watchGpus } from './devices/gpu-watch.ts';
import { noteMove } from './devices/note-move.ts';
import { numberGpusByBus } from './devices/nvidia-smi.ts';
import { AUTO_DEVICES, readDevices } from './devices/read-devices.ts';
import { Failure } from './failure.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { ModelMetrics } from './model-metrics.ts';
import { moonshineFiles } from './model-store/moonshine-files.ts';
import { isModelPath, recogniseModel } from './model-store/recognise-model.ts';
import type { ModelStore, ResolvedModel } from './model-store/store.ts';
import { inMb, type MemoryPlan, planMemory, requireRoom, withFewerThreads } from './models/model-memory.ts';
import { type ModelIdentity, ServedModels } from './models/served-models.ts';
import type { PoolName } from './thread-metrics.ts';

/** Compiled next to this module: threads cannot run TypeScript. */
const RECOGNIZER_THREAD = new URL('../inference/threads/recognizer-thread.js', import.meta.url);
const VAD_THREAD = new URL('../inference/threads/vad-thread.js', import.meta.url);
const SHERPA_PROBE = new URL('../inference/sherpa/probe-process.js', import.meta.url);

/** Far beyond any batch of windows, which takes some milliseconds. */
const VAD_DEADLINE_MS = 10_000;

/** The models, running. */
export interface Engine {
  readonly recognizers: ThreadedRecognizers;
  readonly vad: ThreadedVad;
  /** By their numbers among the recognisers. */
  readonly models: ServedModels;
  readonly vadModel: ModelIdentity;
  /** The memory of the GPUs in use. */
  readonly gpus: GpuWatch;
}

/** What the models are started with. */
export interface EngineOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly store: ModelStore;
  /** Fetches what the catalogue names and the disk lacks. */
  readonly pull: (name: string, signal: AbortSignal) => Promise<void>;
}

/** What the server wants to hear from a pool of threads. */
type ThreadListeners = Required<Pick<ThreadPoolOptions, 'onCrash' | 'onHang' | 'onExhausted'>>;

/**
 * Fetches the models where they are named by the catalogue, and starts their threads.
 * @param signal gives up what is being fetched or tried.
 * @throws {Failure} when a model cannot be had, is of another kind, or cannot be loaded on its devices.
 */
export async function startEngine(
  { config, log, store, pull }: EngineOptions,
  metrics: Metrics,
  signal: AbortSignal,
): Promise<Engine> {
  const wanted = config.model.split(',').map((name) => name.trim());
  for (const name of [...wanted, config.vadModel]) if (!isModelPath(name)) await pull(name, signal);
  const resolveModel = (name: string) => (isModelPath(name) ? recogniseModel(name) : store.resolve(name));
  const resolved: ResolvedModel[] = [];
  for (const name of wanted) resolved.push(await resolveModel(name));
  const vadModel = await resolveModel(config.vadModel);
  for (const model of resolved) requireAdapter(model, ['moonshine', 'sensevoice', 'sherpa'], '--model');
  requireAdapter(vadModel, ['silero'], '--vad-model');
  requireNames(resolved);
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
    const recognizers = await startRecognizers(
      config,
      resolved,
      log,
      metrics.models,
      listeners('recognizer'),
      signal,
    );
    loaded = true;
    metrics.threads.watch({ recognizer: recognizers, vad });
    const gpus = watchGpus(recognizers, log);
    await gpus.start();
    metrics.devices.watch({ recognizers, gpus });

    return { recognizers, vad, models: served(resolved, recognizers), vadModel: identify(vadModel), gpus };
  } catch (error) {
    await vad.close();
    throw error;
  }
}

async function startRecognizers(
  config: Config,
  resolved: readonly ResolvedModel[],
  log: Logger,
  metrics: ModelMetrics,
  listeners: ThreadListeners,
  signal: AbortSignal,
): Promise<ThreadedRecognizers> {
  const wanted = readDevices(config.devices) as readonly Device[];
  if (wanted.some((device) => device !== 'cpu')) numberGpusByBus();
  const models: ModelGraphs[] = [];
  for (const model of resolved) models.push(await prepareGraphs(model, wanted, config, log, signal));
  signal.throwIfAborted();
  const plan = await planFor(resolved, models, wanted.length, config);
  requireRoom(plan);
  if (plan.threads < wanted.length)
    log.warn(
      { threads: plan.threads, cores: wanted.length, allowed: inMb(plan.allowedBytes) },
      'there are fewer inference threads than cores: the models of more would not fit into the memory that they may take',
    );
  const devices = wanted.slice(0, plan.threads);
  const beforeBytes = process.memoryUsage.rss();
  try {
    const recognizers = await ThreadedRecognizers.start({
      ...{ workerUrl: RECOGNIZER_THREAD, models, devices, ...listeners },
      onMove: (place) => noteMove(place, log),
    });
    for (const place of recognizers.places) if (place.why !== null) noteMove(place, log);
    tellMemory(plan, process.memoryUsage.rss() - beforeBytes, log, metrics);

    return recognizers;
  } catch (error) {
    const detail = (error as Error).message;
    const names = resolved.map(({ name }) => name).join(', ');
    const what = resolved.length > 1 ? `One of the models ${names}` : `The model ${names}`;
    throw new Failure(`${what} cannot be loaded: ${detail}`);
  }
}

/**
 * By what processors take: each thread may have to make do with its own. Of threads that nobody asked for, one for each core,
 * there are as many as have room: a machine with many cores and little memory would not start otherwise.
 */
async function planFor(
  resolved: readonly ResolvedModel[],
  models: readonly ModelGraphs[],
  threads: number,
  config: Config,
): Promise<MemoryPlan> {
  const fileBytes = await Promise.all(models.map(({ processor }) => weightBytes(processor)));
  const shares = resolved.map(({ name }, i) => ({ name, fileBytes: fileBytes[i]! }));

  const plan = planMemory(shares, threads, config);

  return config.devices === AUTO_DEVICES ? withFewerThreads(plan) : plan;
}

/** @param loadedBytes by which the process has grown. */
function tellMemory(plan: MemoryPlan, loadedBytes: number, log: Logger, metrics: ModelMetrics): void {
  const { shares, expectedBytes, allowedBytes } = plan;
  const figures = { loaded: loadedBytes, expected: expectedBytes, allowed: allowedBytes };
  metrics.memory(figures);
  const expected = Object.fromEntries(shares.map(({ name, bytes }) => [name, inMb(bytes)]));
  const told = { loaded: inMb(loadedBytes), expected, allowed: inMb(allowedBytes) };
  if (loadedBytes > allowedBytes) log.warn(told, 'the models take more memory than they may');
  else log.info(told, 'the models are loaded');
}

/** What threads load of a model. */
async function prepareGraphs(
  model: ResolvedModel,
  devices: readonly Device[],
  { precision }: Config,
  log: Logger,
  signal: AbortSignal,
): Promise<ModelGraphs> {
  const onGpus = devices.some((device) => device !== 'cpu');
  if (model.adapter === 'sensevoice') {
    const open = async (graph: GraphChoice) => (await openSenseVoice(model.files, { graph, itn: true }))!;
    const processor = await open('bytes');
    if (!onGpus) return { processor, gpu: processor };

    return { processor, gpu: forGpus(await open(precision === 'float32' ? 'floats' : 'halves')) };
  }
  if (model.adapter === 'sherpa') {
    const processor = await prepareSherpa(model, devices, signal);

    return { processor, gpu: processor };
  }
  const files = moonshineFiles(model);
  const processor = await prepareMoonshine(files, model.contentHash, (err) =>
    log.warn(
      { err },
      'the model runs on its shipped graphs, at less than half the speed: they could not be rebuilt',
    ),
  );
  if (!onGpus || processor.kind === 'shipped') return { processor, gpu: processor };
  // The weights are bytes: halves of them say no more, and whole floats are what was compared with the reference.
  const floats = precision === 'float16' ? 'float16' : 'float32';

  try {
    return { processor, gpu: await rebuildForGpu(files, model.contentHash, floats) };
  } catch (err) {
    log.warn({ err }, 'GPUs run the graphs of processors, slowly: those for GPUs could not be written');

    return { processor, gpu: processor };
  }
}

async function prepareSherpa(
  model: ResolvedModel,
  devices: readonly Device[],
  signal: AbortSignal,
): Promise<SherpaGraphs> {
  if (devices.some((device) => device !== 'cpu')) {
    throw new Failure(
      `The model ${model.name} is run by sherpa-onnx, on the processor only: use --devices cpu, as many times as it is to have threads.`,
    );
  }
  const graphs = (await openSherpa(model.files))!;
  try {
    await probeSherpa(graphs, SHERPA_PROBE, signal);
  } catch (error) {
    if (!(error instanceof ModelFilesError)) throw error;
    throw new Failure(`The model ${model.name} cannot be loaded: ${error.message}`, { cause: error });
  }

  // The name of a folder, which may tell them, may have been changed by an import.
  return { ...graphs, languages: model.languages };
}

function requireAdapter(
  { name, adapter }: ResolvedModel,
  wanted: readonly ResolvedModel['adapter'][],
  flag: string,
): void {
  if (!wanted.includes(adapter))
    throw new Failure(`${flag} ${name} is of kind ${adapter}; it has to be of kind ${wanted.join(' or ')}.`);
}

/** Streams ask for them by name. @throws {Failure} when two have the same. */
function requireNames(models: readonly ResolvedModel[]): void {
  const names = models.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new Failure(
      `--model has two models called ${twice}. Streams ask for them by name: rename a folder, or leave one out.`,
    );
}

function served(resolved: readonly ResolvedModel[], recognizers: ThreadedRecognizers): ServedModels {
  return new ServedModels(
    resolved.map((model, index) => ({
      ...identify(model),
      index,
      capabilities: recognizers.models[index]!,
      canWrite: (text) => recognizers.canWrite(index, text),
    })),
  );
}

function identify({ name, contentHash }: ResolvedModel): ModelIdentity {
  return { name, hash: contentHash };
}

/** Ends the threads. Idempotent. */
export async function closeEngine({ recognizers, vad, gpus }: Engine): Promise<void> {
  gpus.close();
  await Promise.all([recognizers.close(), vad.close()]);
}
