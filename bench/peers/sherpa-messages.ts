import type { MoonshineFiles } from '../../inference/moonshine/moonshine-files.ts';

/** What a thread is started with. */
export interface ThreadData {
  readonly moonshine: MoonshineFiles;
  /** Path of what `sherpaTokens` writes. */
  readonly vocabulary: string;
  /** Path of Silero's graph. */
  readonly silero: string;
  /** Where captions end, with this server's default settings. */
  readonly endpointing: Endpointing;
}

/** The settings that the two servers share. */
export interface Endpointing {
  readonly startThreshold: number;
  readonly minSilenceMs: number;
  readonly maxSegmentMs: number;
  readonly partialIntervalMs: number;
  /** See `SherpaThread` on `endMs`. */
  readonly tailPaddingMs: number;
}

/** From the socket's thread to a stream's. */
export type ToThread =
  | { readonly type: 'open'; readonly id: number; readonly names: StreamNames }
  | { readonly type: 'audio'; readonly id: number; readonly samples: Float32Array }
  | { readonly type: 'stop'; readonly id: number }
  | { readonly type: 'close'; readonly id: number };

/** What captions of a stream say of it. */
export interface StreamNames {
  readonly streamId: string;
  readonly meeting: string;
  readonly speaker: string;
}

/** From a thread: that it is loaded, or a message to a stream's client. */
export type FromThread =
  | { readonly type: 'ready' }
  /** @property json to send; the connection ends after the last. */
  | { readonly type: 'send'; readonly id: number; readonly json: string; readonly last: boolean };
