import type { LoadClips } from './clips.ts';
import { type Percentiles, percentiles } from './figures.ts';
import { runLoad } from './run-load.ts';
import {
  type CpuSeconds,
  roundtableCommand,
  type ServerProcess,
  startServerProcess,
} from './server-process.ts';
import { Viewers } from './viewers.ts';

/** What is measured. */
export interface ViewersOptions {
  readonly clips: LoadClips;
  readonly viewers: number;
  /** For each reading. */
  readonly seconds: number;
  /** Viewers connected in a second. */
  readonly perSecond: number;
  readonly seed: number;
  readonly serverFlags: readonly string[];
  /** Told what is being done. */
  readonly progress: (text: string) => void;
}

/** CPU of the server while one speaker speaks, in percent of a core. */
export interface ViewersCpu {
  readonly total: number;
  /** Of the thread that has the sockets; NaN where the server does not tell. */
  readonly sockets: number;
}

/** What viewers of one meeting cost, and how soon they read. */
export interface ViewersReport {
  readonly viewers: number;
  readonly seconds: number;
  readonly without: ViewersCpu;
  readonly with: ViewersCpu;
  /** With, less without. */
  readonly cost: ViewersCpu;
  /** To one viewer, in a second. */
  readonly messagesPerSecond: number;
  readonly bytesPerMessage: number;
  readonly captions: number;
  /** Captions that did not come to every viewer. */
  readonly incomplete: number;
  /** From the moment the newest audio was spoken to the arrival at each viewer. */
  readonly partials: Percentiles;
  /** From the end of the segment, the silence that ends it included. */
  readonly finals: Percentiles;
  /** From the first viewer to the last. */
  readonly spread: Percentiles;
}

/** What a thousand viewers may cost, in percent of a core. */
export const VIEWERS_BAR = { viewers: 1000, cpuPercent: 15 };

/** Where the only speaker of a run speaks: see `planMeetings`. */
const MEETING = 'meeting 0';

/** Has one speaker speak twice, to nobody and to so many viewers, and reads what the server takes for it. */
export async function runViewersBench(options: ViewersOptions): Promise<ViewersReport> {
  const { viewers, progress, perSecond } = options;
  const most = String(viewers);
  const limits = ['--max-viewers', most, '--max-viewers-per-meeting', most];
  const server = await startServerProcess(roundtableCommand([...limits, ...options.serverFlags]));
  const audience = new Viewers((open) => progress(`${open} viewers connected`));
  try {
    progress('one speaker, no viewers');
    const without = await speak(server, options);
    progress(`connecting ${viewers} viewers`);
    const meeting = `${server.socketUrl}/v1/meetings/${encodeURIComponent(MEETING)}/captions`;
    await audience.open(meeting, viewers, perSecond);
    progress(`one speaker, ${viewers} viewers`);
    await audience.begin();
    const beganMs = performance.now();
    const together = await speak(server, options);
    const seen = await audience.end();
    const tookSeconds = (performance.now() - beganMs) / 1000;

    return {
      viewers,
      seconds: options.seconds,
      without,
      with: together,
      cost: { total: together.total - without.total, sockets: together.sockets - without.sockets },
      messagesPerSecond: seen.messages / viewers / tookSeconds,
      bytesPerMessage: seen.bytes / seen.messages,
      captions: seen.captions,
      incomplete: seen.incomplete,
      partials: percentiles(seen.partialDelaysMs),
      finals: percentiles(seen.finalDelaysMs),
      spread: percentiles(seen.spreadsMs),
    };
  } finally {
    audience.close();
    await server.stop();
  }
}

/** One speaker alone in a meeting, in real time. @returns what the server took meanwhile. */
async function speak(server: ServerProcess, { clips, seconds, seed }: ViewersOptions): Promise<ViewersCpu> {
  const readings: Promise<{ readonly atMs: number; readonly cpu: CpuSeconds }>[] = [];
  const read = async () => ({ atMs: performance.now(), cpu: await server.cpu() });
  await runLoad({
    ...{ url: `${server.socketUrl}/v1/stream`, clips, seconds, seed, streams: 1, participants: 1 },
    onWindow: () => void readings.push(read()),
  });
  const [begin, end] = await Promise.all(readings);
  if (!begin || !end) throw new Error('The run ended without its window.');
  const percent = (seconds_: number) => (100_000 * seconds_) / (end.atMs - begin.atMs);
  const sockets = (cpu: CpuSeconds) => cpu.parts.sockets ?? Number.NaN;

  return {
    total: percent(end.cpu.total - begin.cpu.total),
    sockets: percent(sockets(end.cpu) - sockets(begin.cpu)),
  };
}
