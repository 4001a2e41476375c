import { type ChildProcess, fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { Failure } from '../../server/failure.ts';
import type { LoadClips } from './clips.ts';
import type { GeneratorRecord, LoadProgress, SpeakingNews, SpeakingOrder, StreamRecord } from './records.ts';
import { planHog, planMeetings, type StreamPlan, type Window } from './script.ts';

/** What a run needs to know of the server and the clips. */
export interface SpeakingOptions {
  /** The server's socket for speakers, as `ws://host:port/v1/stream`. */
  readonly url: string;
  readonly clips: LoadClips;
  /** Audio in one message; 100 when left out. */
  readonly messageMs?: number;
  readonly seed?: number;
  /** Silence the server keeps at the end of a caption; 256, its default, when left out. */
  readonly tailPaddingMs?: number;
  /** Whether streams ask for partials; true when left out. */
  readonly partials?: boolean;
  /** Whether each stream begins when the one before has closed; false when left out. */
  readonly oneByOne?: boolean;
  /** Twice a second. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** At both ends of what is judged: the moments to read meters. The run goes on meanwhile. */
  readonly onWindow?: (edge: 'begin' | 'end') => void;
}

/** A run of meetings. */
export interface LoadOptions extends SpeakingOptions {
  readonly streams: number;
  /** Streams in a meeting, of which one talks at a time; 4 when left out. */
  readonly participants?: number;
  /** Length of what is judged; the run itself is as much longer as the ramp and the last clips take. */
  readonly seconds: number;
  /** Time over which the meetings begin; 3 s or ten streams a second when left out, whichever is longer. */
  readonly rampMs?: number;
  /** Further streams that talk all the time and send so many times as fast as they speak. */
  readonly hogs?: { readonly count: number; readonly speed: number };
}

/** What was planned, and what came of it. */
export interface SpokenPlans {
  readonly plans: readonly StreamPlan[];
  /** In the order of the plans. */
  readonly streams: readonly StreamRecord[];
  readonly window: Window;
  readonly generator: GeneratorRecord;
}

/** A run of meetings, as the clients saw it. Times are the run's, in ms from its first stream's first sample. */
export interface LoadReport extends SpokenPlans {
  /** Of `streams` and `plans`, how many are meetings'; hogs follow them. */
  readonly count: number;
  /** Share of the meetings' audio in the window that is speech. */
  readonly dutyCycle: number;
  /** Seconds of speech in the window, over all meetings. */
  readonly spokenSeconds: number;
}

/** Niceness of the process that speaks: what it needs is little, and has to be had in time. */
const NICE = -10;
const DEFAULT_MESSAGE_MS = 100;
const DEFAULT_PARTICIPANTS = 4;
const DEFAULT_TAIL_PADDING_MS = 256;
/** At most four a second join, however many there are: whom the server lets in faster it may have wait a moment. */
const LEAST_RAMP_MS = 3000;
const RAMP_MS_PER_STREAM = 250;
/** Compiled: a process cannot run TypeScript. */
const PROCESS = new URL(
  `${import.meta.url.endsWith('.ts') ? '../../dist/bench/load' : '.'}/speakers-process.js`,
  import.meta.url,
);

/**
 * Holds meetings with a server, in a process of their own, and reports what each stream saw.
 * @throws {Failure} when that process ends early.
 */
export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  const { streams, clips, messageMs = DEFAULT_MESSAGE_MS, hogs, seed = 0 } = options;
  const scriptOptions = {
    clipsMs: clips.clips.map(({ durationMs }) => durationMs),
    streams,
    participants: options.participants ?? DEFAULT_PARTICIPANTS,
    seconds: options.seconds,
    messageMs,
    rampMs: options.rampMs ?? Math.max(LEAST_RAMP_MS, RAMP_MS_PER_STREAM * options.streams),
    seed,
  };
  const { plans, window, dutyCycle, spokenSeconds } = planMeetings(scriptOptions);
  const hogPlans = Array.from({ length: hogs?.count ?? 0 }, (_, i) =>
    planHog(i, hogs!.speed, window, scriptOptions),
  );
  const spoken = await speak([...plans, ...hogPlans], window, options);

  return { ...spoken, count: plans.length, dutyCycle, spokenSeconds };
}

/**
 * Has streams speak as planned.
 * @throws {Failure} when the process that speaks ends early.
 */
export async function speak(
  plans: readonly StreamPlan[],
  window: Window,
  options: SpeakingOptions,
): Promise<SpokenPlans> {
  const { clips, messageMs = DEFAULT_MESSAGE_MS, seed = 0 } = options;
  const order: SpeakingOrder = {
    url: options.url,
    plans,
    window,
    clipsFile: clips.file,
    clips: clips.clips.map(({ offsetBytes, samples }) => ({ offsetBytes, samples })),
    messageMs,
    seed,
    tailPaddingMs: options.tailPaddingMs ?? DEFAULT_TAIL_PADDING_MS,
    partials: options.partials ?? true,
    oneByOne: options.oneByOne ?? false,
  };
  const child = fork(PROCESS, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  hurry(child);
  const streams = new Array<StreamRecord>(plans.length);
  try {
    const generator = await new Promise<GeneratorRecord>((resolve, reject) => {
      child.on('message', (news: SpeakingNews) => {
        if (news.type === 'progress') options.onProgress?.(news.progress);
        if (news.type === 'window') options.onWindow?.(news.edge);
        if (news.type === 'stream') streams[news.record.index] = news.record;
        if (news.type === 'over') resolve(news.generator);
      });
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        reject(
          new Failure(`The load generator ended with ${code ?? signal}: what it printed above says why.`),
        ),
      );
      child.send(order);
    });

    return { plans, streams, window, generator };
  } finally {
    child.kill();
  }
}

/** Puts it before others where this user may; elsewhere its lateness is measured as it is. */
function hurry({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, NICE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error;
  }
}
