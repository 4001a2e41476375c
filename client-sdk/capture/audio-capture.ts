import { Emitter } from '../events/emitter.ts';
import type { Speaker } from '../speaker/terms.ts';
import { CaptureError } from './capture-error.ts';
import type { CaptureChunk } from './chunk.ts';
import { Diagnosis } from './diagnosis.ts';
import { levelOf } from './level.ts';
import type { Capture, CaptureEvents, CaptureState } from './terms.ts';

/** Less than this between two chunks is jitter. */
const LEAST_GAP_MS = 300;

/** What a capture holds on to. */
export interface CaptureParts {
  readonly kind: Capture['kind'];
  readonly track: MediaStreamTrack;
  readonly sampleRate: number;
  readonly context: AudioContext;
  readonly node: AudioWorkletNode;
}

/** See `Capture`: what the worklet posts, as events. */
export class AudioCapture implements Capture {
  readonly kind: Capture['kind'];
  readonly label: string;
  readonly sampleRate: number;
  readonly #parts: CaptureParts;
  readonly #events = new Emitter<CaptureEvents>();
  readonly #diagnosis: Diagnosis;
  #state: CaptureState = 'live';
  /** When the last chunk ended that was passed on; null before there was one. */
  #heardAtMs: number | null = null;

  constructor(parts: CaptureParts) {
    const { kind, track, sampleRate, context, node } = parts;
    this.#parts = parts;
    this.kind = kind;
    this.label = track.label;
    this.sampleRate = sampleRate;
    this.#diagnosis = new Diagnosis(context.sampleRate);
    node.port.onmessage = ({ data }: MessageEvent<CaptureChunk>) => this.#hear(data);
    track.addEventListener('ended', () => {
      this.#end(kind === 'microphone' ? new CaptureError('device-lost') : null);
    });
    // A telephone call, for example, takes the audio away for its time.
    context.addEventListener('statechange', () => this.#keepRunning());
    this.#keepRunning();
  }

  get state(): CaptureState {
    return this.#state;
  }

  mute(): void {
    this.#setMuted(true);
  }

  unmute(): void {
    this.#setMuted(false);
  }

  stop(): void {
    this.#end(null);
  }

  on<Name extends keyof CaptureEvents>(
    event: Name,
    listener: (payload: CaptureEvents[Name]) => void,
  ): () => void {
    return this.#events.on(event, listener);
  }

  pipeTo(speaker: Speaker): () => void {
    const { sampleRate, channels } = speaker.format;
    if (sampleRate !== this.sampleRate || channels !== 1) {
      throw new RangeError(
        `This audio is mono at ${this.sampleRate} Hz; the speaker was opened for ${channels} channels at ${sampleRate} Hz.`,
      );
    }
    const whileOpen = (pass: () => void) => {
      if (speaker.state === 'stopping' || speaker.state === 'closed') end();
      else pass();
    };
    const ends = [
      this.on('audio', (audio) => whileOpen(() => speaker.send(audio))),
      this.on('gap', (durationMs) => whileOpen(() => speaker.gap(durationMs))),
    ];
    const end = () => {
      for (const off of ends) off();
    };

    return end;
  }

  #hear(chunk: CaptureChunk): void {
    if (this.#state !== 'live') return;
    const lengthMs = (chunk.pcm.length * 1000) / this.sampleRate;
    const missingMs = this.#heardAtMs === null ? 0 : chunk.atMs - this.#heardAtMs - lengthMs;
    if (missingMs >= LEAST_GAP_MS) {
      this.#diagnosis.reset();
      this.#events.emit('gap', Math.round(missingMs));
    }
    this.#heardAtMs = chunk.atMs;
    const level = levelOf(chunk);
    this.#events.emit('audio', chunk.pcm);
    this.#events.emit('level', level);
    for (const diagnostic of this.#diagnosis.hear(chunk, level)) this.#events.emit('diagnostic', diagnostic);
  }

  #setMuted(muted: boolean): void {
    const state = muted ? 'muted' : 'live';
    if (this.#state === 'ended' || this.#state === state) return;
    this.#state = state;
    // The browser's own indicator shows it, too.
    this.#parts.track.enabled = !muted;
    this.#diagnosis.reset();
    this.#events.emit('state', state);
  }

  #keepRunning(): void {
    const { context } = this.#parts;
    if (this.#state !== 'ended' && context.state !== 'running') context.resume().catch(() => {});
  }

  #end(error: CaptureError | null): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    const { track, context, node } = this.#parts;
    node.port.onmessage = null;
    node.disconnect();
    track.stop();
    context.close().catch(() => {});
    this.#events.emit('state', 'ended');
    this.#events.emit('ended', error);
  }
}
