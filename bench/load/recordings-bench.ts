import { Failure } from '../../server/failure.ts';
import type { JobView } from '../../server/jobs/job-view.ts';
import { describeProgress } from './capacity-bench.ts';
import type { LoadClips } from './clips.ts';
import { type LoadFigures, loadFigures } from './figures.ts';
import { QueueFollower, type QueueRecord } from './queue-follower.ts';
import { recordingOf } from './recording-files.ts';
import { runLoad } from './run-load.ts';
import { roundtableCommand, type ServerProcess, startServerProcess } from './server-process.ts';

/** What is measured. */
export interface RecordingsOptions {
  readonly clips: LoadClips;
  /** Live streams. */
  readonly streams: number;
  /** Length of what is judged of them. */
  readonly seconds: number;
  /** Recordings submitted at once, each of them twice. */
  readonly recordings: number;
  readonly recordingSeconds: number;
  readonly seed: number;
  readonly serverFlags: readonly string[];
  readonly progress: (text: string) => void;
}

/** Recordings that went through a server. */
export interface Throughput extends QueueRecord {
  /** Of the recordings that had to be computed. */
  readonly distinctAudioSeconds: number;
  /** That was captioned, by the server's own account. */
  readonly captionedAudioSeconds: number;
  readonly audioSecondsPerSecond: number;
  /** Of the server while they went through, by part: inference, vad, sockets, other. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
}

/** What recordings cost those who speak, and how soon they are done. */
export interface RecordingsReport {
  readonly streams: number;
  readonly recordings: number;
  readonly recordingSeconds: number;
  /** Live streams without recordings, and with them. */
  readonly without: LoadFigures;
  readonly with: LoadFigures;
  /** 95th percentile of live finals with recordings over that without, and so of partials. */
  readonly finalRatio: number;
  readonly partialRatio: number;
  readonly beside: Throughput;
  readonly alone: Throughput;
}

/** Uploads that this process has under way at once. */
const UPLOADS = 8;

/** Starts the server anew for each part. */
export async function measureRecordings(options: RecordingsOptions): Promise<RecordingsReport> {
  const { streams, recordings, recordingSeconds } = options;
  const without = await onServer(options, async (server) =>
    hold(server, 'without recordings', options, () => {}),
  );
  const { figures, beside } = await onServer(options, async (server) => {
    let begun: Promise<Throughput> | null = null;
    const load = await hold(server, 'with recordings', options, (edge) => {
      if (edge === 'begin') begun = pass(server, options);
    });

    return { figures: load, beside: await begun! };
  });
  const alone = await onServer(options, (server) => pass(server, options));

  return {
    ...{ streams, recordings, recordingSeconds, without, with: figures, beside, alone },
    finalRatio: figures.finals.p95 / without.finals.p95,
    partialRatio: figures.partials.p95 / without.partials.p95,
  };
}

async function onServer<T>(
  { serverFlags, recordings, progress }: RecordingsOptions,
  work: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  progress('starting');
  const room = ['--max-jobs', String(Math.max(1, recordings))];
  const server = await startServerProcess(roundtableCommand([...room, ...serverFlags]));
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

async function hold(
  server: ServerProcess,
  what: string,
  { clips, streams, seconds, seed, progress }: RecordingsOptions,
  onWindow: (edge: 'begin' | 'end') => void,
): Promise<LoadFigures> {
  const report = await runLoad({
    url: `${server.socketUrl}/v1/stream`,
    ...{ clips, streams, seconds, seed, onWindow },
    onProgress: (at) => progress(`${streams} streams ${what}: ${describeProgress(at)}`),
  });

  return loadFigures(report, clips.clips);
}

/** Submits all recordings at once, and waits until they have finished. */
async function pass(server: ServerProcess, options: RecordingsOptions): Promise<Throughput> {
  const { clips, recordings, recordingSeconds, progress } = options;
  const cpuBefore = await server.cpu();
  const follower = new QueueFollower((finished) =>
    progress(`${finished} of ${recordings} recordings finished`),
  );
  const following = follower.follow(server.url).catch(() => {});
  const jobs: JobView[] = [];
  let next = 0;
  const submit = async () => {
    while (next < recordings) {
      // Two by two they are equal.
      const file = await recordingOf(clips, next++ >> 1, recordingSeconds * 1000);
      jobs.push(await post(server, file));
    }
  };
  await Promise.all(Array.from({ length: UPLOADS }, submit));
  follower.complete(jobs.map(({ id }) => id));
  const record = await follower.finished();
  await following;
  const cpu = await server.cpu();
  const distinct = new Set(jobs.map(({ lengthMs }) => lengthMs));
  const distinctAudioSeconds = jobs.reduce((sum, { lengthMs }) => sum + lengthMs, 0) / 2000;
  const captioned = (await server.metrics()).get('roundtable_jobs_captioned_seconds_total') ?? Number.NaN;

  return {
    ...record,
    distinctAudioSeconds: distinct.size === 0 ? 0 : distinctAudioSeconds,
    captionedAudioSeconds: captioned,
    audioSecondsPerSecond: (captioned * 1000) / record.tookMs,
    cpuSeconds: Object.fromEntries(
      Object.entries(cpu.parts).map(([part, seconds]) => [part, seconds - (cpuBefore.parts[part] ?? 0)]),
    ),
  };
}

async function post(server: ServerProcess, file: Buffer): Promise<JobView> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(file)]), 'recording.wav');
  const response = await fetch(`${server.url}/v1/jobs`, { method: 'POST', body: form });
  if (response.status !== 202) throw new Failure(`A recording was refused: ${await response.text()}`);

  return (await response.json()) as JobView;
}
