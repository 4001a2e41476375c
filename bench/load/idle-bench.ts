import { setTimeout as sleep } from 'node:timers/promises';
import { IdleStreams } from './idle-streams.ts';
import { ATTENDANT, roundtableCommand, type ServerProcess, startServerProcess } from './server-process.ts';

/** What is measured. */
export interface IdleOptions {
  /** Streams that send nothing. */
  readonly streams: number;
  /** Streams that send silence, afterwards; 0 leaves that out. */
  readonly silent: number;
  /** For each reading of the CPU. */
  readonly seconds: number;
  /** Streams opened in a second. */
  readonly perSecond: number;
  readonly serverFlags: readonly string[];
  /** Told what is being done. */
  readonly progress: (text: string) => void;
}

/** Memory of the server after its garbage was collected, in bytes. */
export interface Held {
  /** Resident in the process. */
  readonly rss: number;
  /** In V8's heap: objects. */
  readonly heap: number;
  /** Outside it, for objects in it: array buffers. */
  readonly external: number;
}

/** Streams of one kind. */
export interface IdleFigures {
  readonly streams: number;
  /** With them, less without them, over their number, in bytes. */
  readonly perStream: Held;
  /** CPU of the server, in percent of a core. */
  readonly cpuPercent: number;
  /** The same less what an empty server takes, for 1,000 streams. */
  readonly cpuPercentPer1000: number;
}

/** What idle streams cost. */
export interface IdleReport {
  readonly seconds: number;
  readonly empty: { readonly held: Held; readonly cpuPercent: number };
  readonly mute: IdleFigures;
  /** Null when it was left out. */
  readonly silent: IdleFigures | null;
  /** What the server holds for each of the mute streams after they have left. */
  readonly leftPerStream: Held;
}

/** What a muted stream may cost. */
export const IDLE_BARS = { bytesPerStream: 40_000, cpuPercentPer1000: 5 };

/** What a microphone's worklet or a browser's recorder sends at a time, roughly. */
const MESSAGE_MS = 100;
/** Opened and closed before anything is measured, so that code is compiled and pools are made. */
const WARM_UP_STREAMS = 100;
/** A heap that has changed by less than this share between two collections has settled. */
const SETTLED_SHARE = 0.005;
const MOST_COLLECTIONS = 8;
const BETWEEN_COLLECTIONS_MS = 300;

/** Starts a server, opens streams that have nothing to say, and reads what they cost. */
export async function runIdleBench(options: IdleOptions): Promise<IdleReport> {
  const { streams, silent, seconds, progress } = options;
  const most = Math.max(streams, silent, WARM_UP_STREAMS);
  const flags = ['--max-streams', String(most), ...options.serverFlags];
  const server = await startServerProcess(roundtableCommand(flags, ATTENDANT));
  const idle = new IdleStreams((open) => progress(`${open} streams open`));
  try {
    const url = `${server.socketUrl}/v1/stream`;
    progress('warming up');
    await idle.open(url, Math.min(WARM_UP_STREAMS, most), options.perSecond);
    await idle.close();
    const empty = { held: await settle(server), cpuPercent: await cpuPercent(server, seconds) };
    progress(`opening ${streams} streams`);
    await idle.open(url, streams, options.perSecond);
    const mute = await figures(server, streams, empty, options);
    await idle.close();
    const leftPerStream = share(await settle(server), empty.held, streams);
    let silentFigures: IdleFigures | null = null;
    if (silent > 0) {
      await idle.open(url, silent, options.perSecond);
      await idle.sendSilence(MESSAGE_MS);
      silentFigures = await figures(server, silent, empty, options);
      await idle.close();
    }

    return { seconds, empty, mute, silent: silentFigures, leftPerStream };
  } finally {
    idle.end();
    await server.stop();
  }
}

async function figures(
  server: ServerProcess,
  streams: number,
  empty: IdleReport['empty'],
  { seconds, progress }: IdleOptions,
): Promise<IdleFigures> {
  progress(`${streams} streams open: reading memory`);
  const held = await settle(server);
  progress(`${streams} streams open: reading CPU for ${seconds} s`);
  const percent = await cpuPercent(server, seconds);

  return {
    streams,
    perStream: share(held, empty.held, streams),
    cpuPercent: percent,
    cpuPercentPer1000: ((percent - empty.cpuPercent) * 1000) / streams,
  };
}

/** What is held once collecting garbage changes nothing any more. */
async function settle(server: ServerProcess): Promise<Held> {
  let before = Number.POSITIVE_INFINITY;
  for (let i = 1; ; i++) {
    const { rss, heapUsed: heap, external } = await server.collectGarbage();
    if (Math.abs(before - heap) < SETTLED_SHARE * heap || i === MOST_COLLECTIONS)
      return { rss, heap, external };
    before = heap;
    await sleep(BETWEEN_COLLECTIONS_MS);
  }
}

async function cpuPercent(server: ServerProcess, seconds: number): Promise<number> {
  const startedMs = performance.now();
  const before = (await server.cpu()).total;
  await sleep(seconds * 1000);
  const used = (await server.cpu()).total - before;

  return (100_000 * used) / (performance.now() - startedMs);
}

function share(with_: Held, without: Held, streams: number): Held {
  const each = (name: keyof Held) => (with_[name] - without[name]) / streams;

  return { rss: each('rss'), heap: each('heap'), external: each('external') };
}
