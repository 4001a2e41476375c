import type { Speaker } from '../speaker/terms.ts';
import type { CaptureError } from './capture-error.ts';
import type { Diagnostic } from './diagnosis.ts';
import type { Level } from './level.ts';

/** How audio is captured. */
export interface CaptureOptions {
  /** Samples per second that come out; 16,000, which is what the models hear, when left out. */
  readonly sampleRate?: number;
  /** Where `capture-worklet.js` of this package is served; beside the module it is loaded from when left out. */
  readonly workletUrl?: string | URL;
}

/** Which microphone, and what the browser does to its audio; its own defaults where left out. */
export interface MicrophoneOptions extends CaptureOptions {
  /** One of `listMicrophones()`; the default one when left out. */
  readonly deviceId?: string;
  readonly echoCancellation?: boolean;
  readonly noiseSuppression?: boolean;
  readonly autoGainControl?: boolean;
}

/** A microphone that can be chosen. */
export interface Microphone {
  readonly deviceId: string;
  /** Made up until the page was allowed to listen once. */
  readonly label: string;
}

export type CaptureState = 'live' | 'muted' | 'ended';

/** Events by their names. */
export interface CaptureEvents {
  readonly state: CaptureState;
  /** About 100 ms, mono; the listener's own, and the same for all listeners. None while muted. */
  readonly audio: Int16Array<ArrayBuffer>;
  /** Before `audio` that does not follow what came before: nothing was recorded for so many milliseconds. */
  readonly gap: number;
  /** With every chunk of audio. */
  readonly level: Level;
  readonly diagnostic: Diagnostic;
  /** Once. Null when it was stopped here, or the sharing in the browser's own window. */
  readonly ended: CaptureError | null;
}

/** Audio of a microphone, or of what else sounds on this machine. */
export interface Capture {
  readonly kind: 'microphone' | 'tab';
  /** The device's name, or the tab's. */
  readonly label: string;
  /** Of `audio`, in samples per second. */
  readonly sampleRate: number;
  readonly state: CaptureState;
  /** No audio comes until `unmute()`; the device stays open. Idempotent, as the next two. */
  mute(): void;
  unmute(): void;
  /** Lets go of the device. */
  stop(): void;
  /** Calls `listener` at every such event. @returns what ends that. */
  on<Name extends keyof CaptureEvents>(
    event: Name,
    listener: (payload: CaptureEvents[Name]) => void,
  ): () => void;
  /**
   * Sends its audio to a speaker, and gaps for the time it was muted, until one of the two ends.
   * @returns what ends that sooner; neither is stopped by it.
   * @throws {RangeError} when the speaker was opened with another rate, or more than one channel.
   */
  pipeTo(speaker: Speaker): () => void;
}
