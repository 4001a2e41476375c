import type { Device } from '../inference/device.ts';
import type { RecognizerGraphs } from '../inference/load-recognizer.ts';
import { ModelFilesError } from '../inference/model-files-error.ts';
import { prepareMoonshine } from '../inference/moonshine/rebuild/rebuild.ts';
import { openSenseVoice } from '../inference/sensevoice/open-sensevoice.ts';
import { openSherpa } from '../inference/sherpa/open-sherpa.ts';
import { probeSherpa } from '../inference/sherpa/probe-sherpa.ts';
import type { SherpaGraphs } from '../inference/sherpa/sherpa-graphs.ts';
import type { ThreadPoolOptions } from '../inference/threads/thread-pool.ts';
import { ThreadedRecognizer } from '../inference/threads/threaded-recognizer.ts';
import { ThreadedVad } from '../inference/threads/threaded-vad.ts';
import type { Config } from './config/options.ts';
import { Failure } from './failure.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { moonshineFiles } from './model-store/moonshine-files.ts';
import { isModelPath, recogniseModel } from './model-store/recognise-model.ts';
import type { ModelStore, ResolvedModel } from './model-store/store.ts';
import type { PoolName } from './thread-metrics.ts';

/** Compiled next to this module: threads cannot run TypeScript. */
const RECOGNIZER_THREAD = new URL('../inference/threads/recognizer-thread.js', import.meta.url);
const VAD_THREAD = new URL('../inference/threads/vad-thread.js', import.meta.url);
const SHERPA_PROBE = new URL('../inference/sherpa/probe-process.js', import.meta.url);

/** Far beyond any batch of windows, which takes some milliseconds. */
const VAD_DEADLINE_MS = 10_000;

/** The models, running. */
export interface Engine {
  readonly recognizer: ThreadedRecognizer;
  readonly vad: ThreadedVad;
  readonly recognizerModel: ResolvedModel;
  readonly vadModel: ResolvedModel;
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
 * @param signal gives up what is being fetched.
 * @throws {Failure} when a model cannot be had, is of another kind, or cannot be loaded on its devices.
 */
export async function startEngine(
  { config, log, store, pull }: EngineOptions,
  metrics: Metrics,
  signal: AbortSignal,
): Promise<Engine> {
  for (const name of [config.model, config.vadModel]) if (!isModelPath(name)) await pull(name, signal);
  const resolveModel = (name: string) => (isModelPath(name) ? recogniseModel(name) : store.resolve(name));
  const recognizerModel = await resolveModel(config.model);
  const vadModel = await resolveModel(config.vadModel);
  requireAdapter(recognizerModel, ['moonshine', 'sensevoice', 'sherpa'], '--model');
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
  if (model.adapter === 'sherpa') return prepareSherpa(model, devices);

  return prepareMoonshine(moonshineFiles(model), model.contentHash, (err) =>
    log.warn(
      { err },
      'the model runs on its shipped graphs, at less than half the speed: they could not be rebuilt',
    ),
  );
}

async function prepareSherpa(model: ResolvedModel, devices: readonly Device[]): Promise<SherpaGraphs> {
  if (devices.some((device) => device !== 'cpu')) {
    throw new Failure(
      `The model ${model.name} is run by sherpa-onnx, on the processor only: use --devices cpu, as many times as it is to have threads.`,
    );
  }
  const graphs = (await openSherpa(model.files))!;
  try {
    await probeSherpa(graphs, SHERPA_PROBE);
  } catch (error) {
    if (!(error instanceof ModelFilesError)) throw error;
    throw new Failure(`The model ${model.name} cannot be loaded: ${error.message}`, { cause: error });
  }

  return graphs;
}

function requireAdapter(
  { name, adapter }: ResolvedModel,
  wanted: readonly ResolvedModel['adapter'][],
  flag: string,
): void {
  if (!wanted.includes(adapter))
    throw new Failure(`${flag} ${name} is of kind ${adapter}; it has to be of kind ${wanted.join(' or ')}.`);
}

/** Ends the threads. Idempotent. */
export async function closeEngine({ recognizer, vad }: Engine): Promise<void> {
  await Promise.all([recognizer.close(), vad.close()]);
}
