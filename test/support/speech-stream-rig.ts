import { LevelVad } from '../../inference/doubles/level-vad.ts';
import type { Recognizer, SpeechSegment } from '../../inference/recognizer.ts';
import type { Vad } from '../../inference/vad.ts';
import type { HypothesisTiming } from '../../server/stream/captioner.ts';
import { Dispatcher } from '../../server/stream/dispatcher.ts';
import { SpeechStream } from '../../server/stream/speech-stream.ts';
import type { SpeechStreamListener, SpeechStreamOptions } from '../../server/stream/speech-stream-terms.ts';
import { VadTicker } from '../../server/stream/vad-ticker.ts';
import { fairScheduler } from './dispatcher-rig.ts';
import { ManualClock } from './manual-clock.ts';
import { poolOf } from './recognizer-pools.ts';
import { settle } from './settle.ts';

export const STREAM_OPTIONS: SpeechStreamOptions = {
  streamId: 'stream',
  meeting: 'meeting',
  connectedAtMs: 0,
  weight: 1,
  model: 0,
  language: null,
  partials: true,
  endpointing: {
    startThreshold: 0.5,
    stopThreshold: 0.35,
    minSpeechMs: 96,
    minSilenceMs: 640,
    maxSegmentMs: 6400,
    prefixPaddingMs: 128,
    tailPaddingMs: 256,
    partialIntervalMs: 480,
  },
  maxBufferedSamples: 320_000,
  maxFences: 4,
  resume: null,
};

/** What a scripted recogniser says of a segment: its length in samples. */
export function lengthAsText({ samples }: SpeechSegment): string {
  return `${samples.length} samples`;
}

/** A tone that LevelVad takes for speech. */
export function speech(samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) => (i % 2 === 0 ? 0.3 : -0.3));
}

/** Noise that LevelVad does not take for speech, but the energy gate lets through. */
export function hiss(samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) => (i % 2 === 0 ? 0.002 : -0.002));
}

export interface Ears {
  readonly dispatcher: Dispatcher;
  readonly ticker: VadTicker;
  readonly clock: ManualClock;
}

/** @param recognizers one, or several models on one thread. */
export function createEars(
  recognizers: Recognizer | readonly [Recognizer, ...Recognizer[]],
  vad: Vad = new LevelVad(),
): Ears {
  const clock = new ManualClock();
  const observer = { decoded: () => {}, failed: () => {}, gaveUp: () => {} };
  const pool = 'decode' in recognizers ? poolOf(recognizers) : poolOf(...recognizers);
  const scheduler = fairScheduler(8, pool.models.length);
  const dispatcher = new Dispatcher(scheduler, pool, clock, { hangTimeoutMs: 20_000 }, observer);
  const settings = { vadIntervalMs: 16, energyGateDbfs: -65 };
  const ticker = new VadTicker(vad, clock, settings, { detected: () => {}, gated: () => {} });

  return { dispatcher, ticker, clock };
}

/** A whole stream, and everything its listener was told, in short. */
export class Rig {
  readonly stream: SpeechStream;
  readonly told: string[] = [];
  readonly acknowledged: number[] = [];
  /** Where the time of each caption went, and the end of its range. */
  readonly timings: { readonly endSample: number; readonly timing: HypothesisTiming }[] = [];
  /** End of the last segment that is final or lost, by the listener's account. */
  lastFinalEndSample = 0;
  /** Called with each thing told, after it is noted. */
  onTold: (what: string) => void = () => {};
  readonly #ears: Ears;

  constructor(ears: Ears, options: Partial<SpeechStreamOptions> = {}) {
    this.#ears = ears;
    this.stream = new SpeechStream(
      { ...STREAM_OPTIONS, connectedAtMs: ears.clock.now(), ...options },
      ears,
      this.#listener(),
    );
  }

  /** Lets voice detection and decoding go as far as they can. */
  async run(): Promise<void> {
    let before: number;
    do {
      before = this.told.length;
      this.#ears.clock.advance(16);
      await settle();
    } while (this.#ears.clock.pendingTimers > 0 || this.told.length > before);
  }

  /** What was told of one kind: `final`, `partial`, `marker` … */
  of(kind: string): string[] {
    return this.told.filter((what) => what.startsWith(kind));
  }

  #listener(): SpeechStreamListener {
    const tell = (what: string) => {
      this.told.push(what);
      this.onTold(what);
    };

    return {
      speechStarted: (segmentId, atSample) => tell(`speech ${segmentId} at ${atSample}`),
      caption: ({ event, timing }) => {
        const { segmentId, startSample, endSample } = event.range;
        if (timing) this.timings.push({ endSample, timing });
        if (event.type !== 'partial') this.lastFinalEndSample = endSample;
        tell(`${event.type} ${segmentId}: ${startSample}-${endSample}`);
      },
      acknowledged: ({ settledSample }) => {
        this.acknowledged.push(settledSample);
        tell(`acknowledged ${settledSample}`);
      },
      marker: (id) => tell(`marker ${id}`),
      done: (books) => tell(`done ${JSON.stringify(books)}`),
      failed: ({ code }) => tell(`failed ${code}`),
    };
  }
}
