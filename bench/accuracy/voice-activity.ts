import { readFile } from 'node:fs/promises';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { type Vad, WINDOW_SAMPLES } from '../../inference/vad.ts';
import type { Clock } from '../../server/clock.ts';
import type { Config } from '../../server/config/options.ts';
import { readRecording } from '../../server/recording/read-recording.ts';
import { type VadSource, VadTicker } from '../../server/stream/vad-ticker.ts';
import { to16kHz } from '../audio.ts';

/** Labels and decisions are compared in steps of this length. */
const FRAME_SECONDS = 0.01;

/** A stretch of speech, in seconds. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Frames of 10 ms, counted. */
export interface FrameCounts {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

/** Shares, 0 to 1; NaN where there was nothing to count. */
export interface FrameScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Compares the server's voice detection, energy gate included, with a recording's labels. */
export async function scoreVoiceActivity(
  recording: string,
  labels: string,
  vad: Vad,
  config: Config,
): Promise<FrameCounts> {
  const { samples, sampleRate } = await readRecording(recording);
  const audio = to16kHz(samples, sampleRate);
  const speech = await readLabels(labels);
  const probabilities = await detect(audio, vad, config);
  const counts = { truePositives: 0, falsePositives: 0, falseNegatives: 0 };
  for (let frame = 0; (frame + 0.5) * FRAME_SECONDS < audio.length / SAMPLE_RATE; frame++) {
    const middle = (frame + 0.5) * FRAME_SECONDS;
    const window = Math.min(Math.floor((middle * SAMPLE_RATE) / WINDOW_SAMPLES), probabilities.length - 1);
    const decided = probabilities[window]! >= config.startThreshold;
    const labelled = speech.some(({ start, end }) => middle >= start && middle < end);
    if (decided && labelled) counts.truePositives++;
    else if (decided) counts.falsePositives++;
    else if (labelled) counts.falseNegatives++;
  }

  return counts;
}

/** The scores over several recordings, each frame counting the same. */
export function frameScores(counts: readonly FrameCounts[]): FrameScores {
  const sum = (key: keyof FrameCounts) => counts.reduce((total, count) => total + count[key], 0);
  const truePositives = sum('truePositives');
  const precision = truePositives / (truePositives + sum('falsePositives'));
  const recall = truePositives / (truePositives + sum('falseNegatives'));

  return { precision, recall, f1: (2 * precision * recall) / (precision + recall) };
}

/** Probability of each window, through the same ticker as a live stream's. */
function detect(audio: Float32Array, vad: Vad, config: Config): Promise<readonly number[]> {
  const probabilities: number[] = [];

  return new Promise((resolve, reject) => {
    const source: VadSource = {
      takeWindows: (maxWindows) => {
        const from = probabilities.length * WINDOW_SAMPLES;
        const windows = Math.min(maxWindows, Math.ceil((audio.length - from) / WINDOW_SAMPLES));
        if (windows <= 0) {
          ticker.remove(source);
          resolve(probabilities);
          return null;
        }
        const taken = new Float32Array(windows * WINDOW_SAMPLES);
        taken.set(audio.subarray(from, from + taken.length));

        return taken;
      },
      acceptWindows: (answers) => {
        probabilities.push(...answers);
      },
      vadFailed: reject,
    };
    const ticker = new VadTicker(vad, clock, { ...config, vadIntervalMs: 0 }, { detected() {}, gated() {} });
    ticker.wake(source);
  });
}

/** As the server's, but its timers keep the process alive: nothing else does here. */
const clock: Clock = {
  epochMs: () => 0,
  now: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);

    return () => clearTimeout(timer);
  },
};

/** Speech in a TEN VAD label file (`id,start,end,label,…`) or in RTTM. */
async function readLabels(path: string): Promise<readonly Stretch[]> {
  const text = await readFile(path, 'utf8');
  if (path.endsWith('.rttm')) {
    return text
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/))
      .map(([, , , start, duration]) => ({ start: Number(start), end: Number(start) + Number(duration) }));
  }
  const numbers = text.trim().split(',').slice(1).map(Number);
  const stretches: Stretch[] = [];
  for (let i = 0; i + 2 < numbers.length; i += 3) {
    if (numbers[i + 2] === 1) stretches.push({ start: numbers[i]!, end: numbers[i + 1]! });
  }

  return stretches;
}
