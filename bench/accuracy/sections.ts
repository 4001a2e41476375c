import { basename, join } from 'node:path';
import { ThreadedVad } from '../../inference/threads/threaded-vad.ts';
import type { Config } from '../../server/config/options.ts';
import { Failure } from '../../server/failure.ts';
import type { ModelStore } from '../../server/model-store/store.ts';
import type { Pace } from '../../server/transcribe/stream-recording.ts';
import { transcribeRecording } from '../../server/transcribe/transcribe-recording.ts';
import { type Clip, listFiles, readClips } from '../data-folder.ts';
import { mapLimited } from '../in-turn.ts';
import { percentile } from '../statistics.ts';
import type { Row } from '../table.ts';
import { countWordErrors, type WordErrors, wordErrorRate } from '../word-error-rate.ts';
import { measureDelays } from './latency.ts';
import { frameScores, scoreVoiceActivity } from './voice-activity.ts';
import { decodeWhole, loadWholeClipModel } from './whole-clips.ts';

/** What every section works with. */
export interface Setting {
  /** The folder of recordings. */
  readonly data: string;
  readonly config: Config;
  readonly store: ModelStore;
  /** The running server's socket for speakers, as `ws://host:port/v1/stream`. */
  readonly url: string;
  /** How fast the clips of `measureWords` are sent. */
  readonly pace: Pace;
  /** Only clips whose folder begins so: '' for all. */
  readonly folder: string;
  /** Streams at once. */
  readonly streams: number;
  /** Hears what a table does not show, such as what was left out. */
  readonly note: (sentence: string) => void;
}

/** Words: error rate of the live path beside that of the same clips decoded whole, for each folder. */
export async function measureWords({
  data,
  folder,
  config,
  store,
  url,
  pace,
  streams,
  note,
}: Setting): Promise<Row[]> {
  const resolved = await store.resolve(config.model);
  const model = await loadWholeClipModel(resolved);
  const clips: Clip[] = [];
  const whole: WordErrors[] = [];
  for (const clip of await readClips(data)) {
    if (!resolved.languages.includes(clip.language) || !clip.folder.startsWith(folder)) continue;
    const text = await decodeWhole(model, clip.path).catch((error: unknown) =>
      leaveOut(clip.path, error, note),
    );
    if (text === null) continue;
    clips.push(clip);
    whole.push(countWordErrors(clip.reference, text));
  }
  await model.close();
  note(`${clips.length} clips decoded whole; now live, ${streams} streams at once`);
  const live = await mapLimited(clips, streams, async ({ path, reference }) =>
    countWordErrors(reference, await hear(path, url, pace, note)),
  );
  const folders = [...new Set(clips.map((clip) => clip.folder))];

  return folders.map((name) => {
    const of = (counts: readonly WordErrors[]) => counts.filter((_, i) => clips[i]!.folder === name);
    const [wholeRate, liveRate] = [wordErrorRate(of(whole)), wordErrorRate(of(live))];

    return {
      folder: name,
      clips: of(live).length,
      words: of(live).reduce((sum, { words }) => sum + words, 0),
      'whole %': wholeRate.toFixed(2),
      'live %': liveRate.toFixed(2),
      difference: (liveRate - wholeRate).toFixed(2),
    };
  });
}

/** Voice activity: frame scores against labels. */
export async function measureVoiceActivity({ data, config, store }: Setting): Promise<Row[]> {
  const { files } = await store.resolve(config.vadModel);
  const workerUrl = new URL('../../inference/threads/vad-thread.js', import.meta.url);
  const vad = await ThreadedVad.start({ workerUrl, file: Object.values(files)[0]! });
  const rows: Row[] = [];
  for (const folder of ['vad', 'meeting']) {
    const counts = [];
    for (const labels of await listFiles(join(data, folder), '.scv', '.rttm')) {
      counts.push(await scoreVoiceActivity(labels.replace(/\.\w+$/, '.flac'), labels, vad, config));
    }
    const { precision, recall, f1 } = frameScores(counts);
    const three = (score: number) => score.toFixed(3);
    rows.push({
      folder,
      recordings: counts.length,
      precision: three(precision),
      recall: three(recall),
      F1: three(f1),
    });
  }
  await vad.close();

  return rows;
}

/** Noise: captions of recordings in which nobody speaks. */
export async function measureNoise({ data, url, streams, note }: Setting): Promise<Row[]> {
  const noise = await listFiles(join(data, 'noise'), '.ogg', '.wav', '.flac');
  const silence = (await listFiles(join(data, 'formats'), '.wav')).filter((path) => path.includes('silen'));
  const rows = await mapLimited([...noise, ...silence], streams, async (path): Promise<Row | null> => {
    const text = await hear(path, url, 'fast', note).catch((error: unknown) => leaveOut(path, error, note));

    return text === null
      ? null
      : { recording: basename(path), 'words captioned': text === '' ? 0 : text.split(' ').length };
  });

  return rows.filter((row) => row !== null);
}

/** Delays one stream alone sees, in real time. */
export async function measureLatency({ data, config, url }: Setting): Promise<Row[]> {
  const clips = (await readClips(data))
    .filter(({ folder }) => folder === 'en/librispeech-test-other')
    .slice(0, 20);
  const partialLagMs: number[] = [];
  const finalLatencyMs: number[] = [];
  for (const { path } of clips) {
    const delays = await measureDelays(url, path, config.tailPaddingMs);
    partialLagMs.push(...delays.partialLagMs);
    finalLatencyMs.push(...delays.finalLatencyMs);
  }
  const row = (delay: string, values: readonly number[]): Row => ({
    delay,
    captions: values.length,
    'p50 ms': Math.round(percentile(values, 0.5)),
    'p95 ms': Math.round(percentile(values, 0.95)),
    'max ms': Math.round(Math.max(...values)),
  });

  return [row('partial lag', partialLagMs), row('final latency', finalLatencyMs)];
}

/** A recording that cannot be read here, such as for want of ffmpeg, or is too long, is left out, aloud. */
function leaveOut(path: string, error: unknown, note: (sentence: string) => void): null {
  if (!(error instanceof Failure)) throw error;
  note(`${basename(path)} is left out: ${error.message}`);

  return null;
}

async function hear(
  path: string,
  url: string,
  pace: Pace,
  note: (sentence: string) => void,
): Promise<string> {
  const { finals } = await transcribeRecording(path, {
    url,
    pace,
    giveUpAfterMs: 0,
    signal: new AbortController().signal,
    onPartial: () => {},
    onFinal: () => {},
    onWarning: (sentence) => note(`${basename(path)}: ${sentence}`),
  });

  return finals
    .map(({ text }) => text)
    .join(' ')
    .trim();
}
