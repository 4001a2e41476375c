import type { AudioBooks as AudioBooksMs } from '../../client-sdk/protocol.ts';
import type { HotWords } from '../../inference/recognizer.ts';
import type { Clock } from '../clock.ts';
import type { StreamError } from '../errors.ts';
import type { CaptionEvent } from './captioner.ts';
import type { StreamCheckpoint } from './checkpoint.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { EndpointingOptions } from './segmenter.ts';
import type { Writing } from './transcript.ts';
import type { VadTicker } from './vad-ticker.ts';

/** What becomes of a stream's audio. None of these may throw. */
export interface SpeechStreamListener {
  speechStarted(segmentId: number, atSample: number): void;
  caption(caption: CaptionEvent): void;
  /** All audio before the checkpoint's `settledSample` is final. */
  acknowledged(checkpoint: StreamCheckpoint): void;
  /** All audio before the marker is decoded, and what came of it was told. */
  marker(id: number): void;
  /** After stop(): everything has been told. The stream is closed. */
  done(books: AudioBooksMs): void;
  /** The stream cannot go on. It is closed. */
  failed(error: StreamError): void;
}

/** How one stream is to be captioned, and its bounds. */
export interface SpeechStreamOptions {
  readonly streamId: string;
  /** Streams of one meeting share what is due to it. */
  readonly meeting: string;
  /** From when on its audio may have been spoken. */
  readonly connectedAtMs: number;
  /** This stream's share among others, 1 being the usual. */
  readonly weight: number;
  /** The model that hears it, by its number in the pool. */
  readonly model: number;
  /** BCP 47; null for what the model hears. */
  readonly language: string | null;
  readonly partials: boolean;
  /** What is listened for, and how captions are written; nothing, and as they are heard, when left out. */
  readonly text?: Writing & { readonly hotWords: HotWords | null };
  readonly endpointing: EndpointingOptions;
  /** Audio held until it is final, in samples. */
  readonly maxBufferedSamples: number;
  /** Markers and flushes not yet answered. */
  readonly maxFences: number;
  /** Where it goes on that began before; null for a new one. */
  readonly resume: StreamResumption | null;
}

/** What a stream that was interrupted goes on with. */
export interface StreamResumption {
  readonly checkpoint: StreamCheckpoint;
  /** Above all revisions of captions that were shown before the interruption and are to come again. */
  readonly firstRevision: number;
}

/** What all streams share. */
export interface SpeechStreamParts {
  readonly ticker: VadTicker;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
}
