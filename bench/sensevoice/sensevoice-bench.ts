import { readFileSync } from 'node:fs';
import { guardRuns } from '../../inference/native-guard.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { FrontEnd } from '../../inference/sensevoice/front-end.ts';
import type { SenseVoiceGraphs } from '../../inference/sensevoice/layout.ts';
import { SenseVoice } from '../../inference/sensevoice/sensevoice.ts';

import { audioSeconds, type SpokenClip } from '../engine/spoken-clips.ts';
import { rotate } from '../in-turn.ts';
import { loadSherpaSenseVoice } from './sherpa.ts';

/** Milliseconds of processor for a second of audio, over all clips. */
export interface SenseVoiceReport {
  readonly clips: number;
  readonly audioSeconds: number;
  /** Filterbank, stacking and normalisation. */
  readonly features: number;
  /** Inside onnxruntime. */
  readonly graph: number;
  /** All else of the adapter: features, and from logits to words with their times. */
  readonly own: number;
  /** sherpa-onnx, all of it, on the same file and the same clips. */
  readonly sherpa: number;
  /** Of graph and own together. */
  readonly ownShare: number;
  /** sherpa-onnx' time over this engine's. */
  readonly ratioToSherpa: number;
}

/** What is compared on each clip, and the time it has taken so far, in milliseconds. */
interface Contender {
  readonly run: (samples: Float32Array) => unknown;
  ms: number;
}

/** Node compiles what runs often, some seconds of audio later: a server's threads have been through that. */
const WARM_UP_CLIPS = 20;

/**
 * Puts the clips one by one to this engine and to sherpa-onnx, one thread each, in turns, so that drift hits both.
 * @param graphs a model of full size.
 */
export async function runSenseVoiceBench(
  graphs: SenseVoiceGraphs,
  clips: readonly SpokenClip[],
): Promise<SenseVoiceReport> {
  const insideMs = watchRuntime();
  const model = await SenseVoice.load(graphs, 'cpu');
  const frontEnd = new FrontEnd(graphs.layout);
  const sherpa = await loadSherpaSenseVoice(graphs);
  const ours: Contender = {
    run: (samples) => model.decode([{ samples, language: null }]),
    ms: 0,
  };
  const features: Contender = { run: (samples) => frontEnd.extract(samples), ms: 0 };
  const theirs: Contender = { run: (samples) => sherpa(samples), ms: 0 };
  const contenders = [ours, features, theirs];
  for (const { audio } of clips.slice(0, WARM_UP_CLIPS)) for (const { run } of contenders) await run(audio);
  let graphMs = -insideMs();
  for (const [turn, { audio }] of clips.entries()) {
    for (const contender of rotate(contenders, turn)) {
      const before = processorMs();
      await contender.run(audio);
      contender.ms += processorMs() - before;
    }
  }
  graphMs += insideMs();
  await model.close();
  const seconds = audioSeconds(clips);

  return {
    clips: clips.length,
    audioSeconds: seconds,
    features: features.ms / seconds,
    graph: graphMs / seconds,
    own: (ours.ms - graphMs) / seconds,
    sherpa: theirs.ms / seconds,
    ownShare: (ours.ms - graphMs) / ours.ms,
    ratioToSherpa: theirs.ms / ours.ms,
  };
}

/** Sums up the time that is spent inside onnxruntime. */
function watchRuntime(): () => number {
  let ms = 0;
  let before = 0;
  guardRuns({
    enter: () => {
      before = processorMs();
    },
    leave: () => {
      ms += processorMs() - before;
    },
  });

  return () => ms;
}

/**
 * Of this thread so far; not on Linux, on the clock. The clock counts what else the machine does, and the process's time what
 * its other threads do: compiling and collecting garbage for whoever was before.
 */
function processorMs(): number {
  if (process.platform !== 'linux') return performance.now();
  const [nanoseconds] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ');

  return Number(nanoseconds) / 1e6;
}

/** Longest clip the model takes, in samples. */
export const MAX_SAMPLES = 30 * SAMPLE_RATE;
