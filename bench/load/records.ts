import type { CaptionTiming, DoneMessage, Endpoint, ServiceMessage } from '../../client-sdk/protocol.ts';
import type { StreamPlan, Window } from './script.ts';
import type { ShownSteps } from './shown-captions.ts';

/** A caption as its stream received it. Times are the run's. */
export interface CaptionRecord {
  /** Null of a partial. */
  readonly endpoint: Endpoint | null;
  /** When the end of its audio was spoken. */
  readonly spokenMs: number;
  /**
   * Until it arrived: from `spokenMs`, but for finals that ended by silence from the end of speech, which lies the tail
   * padding before. NaN where audio was not sent as it is spoken.
   */
  readonly delayMs: number;
  /** Of the stream's audio. */
  readonly startMs: number;
  readonly endMs: number;
  /** Of finals only. */
  readonly text: string;
  readonly timing: CaptionTiming | null;
  /** How it came to stand; null of partials, and where audio was not sent as it is spoken. */
  readonly steps: ShownSteps | null;
}

/** What became of one stream. Times are the run's. */
export interface StreamRecord {
  /** Its place in the script. */
  readonly index: number;
  /** When its first sample was heard; null when it was never let in. */
  readonly zeroMs: number | null;
  /** How much of the plan's beginning was over when it was let in. */
  readonly missedMs: number;
  readonly sentMs: number;
  readonly captions: readonly CaptionRecord[];
  /** By code, `segment-lost` among them; `connection` when the socket failed. */
  readonly errors: Readonly<Record<string, number>>;
  /** Told that the service changed. */
  readonly service: readonly (Pick<ServiceMessage, 'level' | 'reason'> & { readonly atMs: number })[];
  /** Told to wait before it was let in. */
  readonly waited: boolean;
  /** Null when it never came. */
  readonly done: DoneMessage | null;
  /** Null when the run ended before. */
  readonly closeCode: number | null;
}

/** How the generator itself fared. */
export interface GeneratorRecord {
  /** How much later than planned messages were sent, percentiles over all. */
  readonly lagP50Ms: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  /** CPU used in the window. */
  readonly cpuSeconds: number;
}

/** How a run goes. */
export interface LoadProgress {
  /** In the run's time. */
  readonly atMs: number;
  /** When the last stream stops, if all goes well. */
  readonly endMs: number;
  /** Streams that speak, and streams that are over. */
  readonly open: number;
  readonly closed: number;
  readonly partials: number;
  readonly finals: number;
  /** Errors told so far, and connections that broke. */
  readonly errors: number;
  /** 95th percentiles of what arrived in the last 10 s; NaN of nothing. */
  readonly partialP95Ms: number;
  readonly finalP95Ms: number;
  /** Latest a message has been sent in the last half second. */
  readonly generatorLagMs: number;
}

/** What the process that speaks is started with. */
export interface SpeakingOrder {
  readonly url: string;
  readonly plans: readonly StreamPlan[];
  readonly window: Window;
  readonly clipsFile: string;
  readonly clips: readonly { readonly offsetBytes: number; readonly samples: number }[];
  readonly messageMs: number;
  readonly seed: number;
  readonly tailPaddingMs: number;
  readonly partials: boolean;
  /** Whether each stream begins when the one before has closed. */
  readonly oneByOne: boolean;
}

/** What it tells. */
export type SpeakingNews =
  | { readonly type: 'progress'; readonly progress: LoadProgress }
  | { readonly type: 'window'; readonly edge: 'begin' | 'end' }
  | { readonly type: 'stream'; readonly record: StreamRecord }
  | { readonly type: 'over'; readonly generator: GeneratorRecord };
