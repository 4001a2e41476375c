/** A recording read whole into memory. */
export interface Recording {
  /** Samples per second, 8000 to 48000: the file's own rate, or 16000 where ffmpeg read it. */
  readonly sampleRate: number;
  /** Channels the file holds, or null where ffmpeg mixed them before they could be counted. */
  readonly channels: number | null;
  /** The mean of the channels, in [-1, 1]; at least one sample. The caller's own. */
  readonly samples: Float32Array<ArrayBuffer>;
  /** Not rounded. */
  readonly durationMs: number;
}
