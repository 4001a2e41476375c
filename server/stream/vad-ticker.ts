import { type Vad, type VadRequest, type VadState, WINDOW_SAMPLES } from '../../inference/vad.ts';
import type { Clock } from '../clock.ts';
import { EnergyGate, powerOf } from './energy-gate.ts';

/** A stream, as the ticker sees it. */
export interface VadSource {
  /**
   * Up to `maxWindows` consecutive windows of 512 samples that have not been taken yet, the last one padded with
   * zeros if need be; null when there is none. Ownership moves to the ticker.
   */
  takeWindows(maxWindows: number): Float32Array | null;
  /** Answers the windows taken last: speech probability and mean square of each. Must not throw. */
  acceptWindows(probabilities: Float32Array, powers: Float32Array): void;
  /** The windows taken last will not be answered. Must not throw. */
  vadFailed(error: Error): void;
}

/** A batch the detector answered. */
export interface VadReport {
  readonly streams: number;
  readonly windows: number;
  readonly durationMs: number;
}

/** What the ticker tells the metrics. */
export interface VadObserver {
  detected(batch: VadReport): void;
  gated(windows: number): void;
}

interface Track {
  readonly gate: EnergyGate;
  state: VadState;
}

interface Turn {
  readonly source: VadSource;
  readonly track: Track;
  readonly powers: Float32Array;
}

/**
 * Windows of one stream in one batch: about a second, so that a stream sent faster than real time gets on while the
 * others wait no longer than some tens of milliseconds.
 */
const MAX_WINDOWS_PER_TURN = 32;

/**
 * Asks the voice activity detector about all streams that have audio, as one batch, over and over: the next batch is
 * gathered while the last one runs, and no sooner than the interval allows.
 */
export class VadTicker {
  readonly #vad: Vad;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #gateDbfs: number;
  readonly #observer: VadObserver;
  readonly #tracks = new Map<VadSource, Track>();
  /** Streams that may have a window. */
  #awake = new Set<VadSource>();
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #running = false;
  #cancelTimer: (() => void) | null = null;

  constructor(
    vad: Vad,
    clock: Clock,
    settings: { readonly vadIntervalMs: number; readonly energyGateDbfs: number },
    observer: VadObserver,
  ) {
    this.#vad = vad;
    this.#clock = clock;
    this.#intervalMs = settings.vadIntervalMs;
    this.#gateDbfs = settings.energyGateDbfs;
    this.#observer = observer;
  }

  /** Tells that a stream may have a window. */
  wake(source: VadSource): void {
    this.#awake.add(source);
    this.#arm();
  }

  /** Forgets a stream; what is under way for it is not answered. */
  remove(source: VadSource): void {
    this.#awake.delete(source);
    this.#tracks.delete(source);
  }

  #arm(): void {
    if (this.#running || this.#cancelTimer || this.#awake.size === 0) return;
    const waitMs = Math.max(0, this.#lastStartMs + this.#intervalMs - this.#clock.now());
    this.#cancelTimer = this.#clock.after(waitMs, () => {
      this.#cancelTimer = null;
      void this.#tick();
    });
  }

  async #tick(): Promise<void> {
    this.#running = true;
    this.#lastStartMs = this.#clock.now();
    const turns: Turn[] = [];
    const requests: VadRequest[] = [];
    const sources = this.#awake;
    this.#awake = new Set();
    for (const source of sources) this.#gather(source, turns, requests);
    if (requests.length > 0) await this.#detect(turns, requests);
    this.#running = false;
    this.#arm();
  }

  #gather(source: VadSource, turns: Turn[], requests: VadRequest[]): void {
    const windows = source.takeWindows(MAX_WINDOWS_PER_TURN);
    if (!windows) return;
    const track = this.#tracks.get(source) ?? this.#track(source);
    const powers = Float32Array.from({ length: windows.length / WINDOW_SAMPLES }, (_, i) =>
      powerOf(windows.subarray(i * WINDOW_SAMPLES, (i + 1) * WINDOW_SAMPLES)),
    );
    if (track.gate.admits(powers)) {
      turns.push({ source, track, powers });
      requests.push({ windows, state: track.state });
      return;
    }
    // What comes after the silence has nothing to do with what came before it.
    track.state = this.#vad.initialState();
    this.#observer.gated(powers.length);
    this.#answer(source, new Float32Array(powers.length), powers);
  }

  async #detect(turns: readonly Turn[], requests: readonly VadRequest[]): Promise<void> {
    const startedAt = this.#clock.now();
    try {
      const answers = await this.#vad.detect(requests);
      for (const [i, { source, track, powers }] of turns.entries()) {
        const { probabilities, state } = answers[i]!;
        track.state = state;
        if (this.#tracks.get(source) === track) this.#answer(source, probabilities, powers);
      }
      const windows = turns.reduce((sum, { powers }) => sum + powers.length, 0);
      this.#observer.detected({ streams: turns.length, windows, durationMs: this.#clock.now() - startedAt });
    } catch (error) {
      for (const { source, track } of turns) {
        if (this.#tracks.get(source) === track) source.vadFailed(error as Error);
      }
    }
  }

  #answer(source: VadSource, probabilities: Float32Array, powers: Float32Array): void {
    source.acceptWindows(probabilities, powers);
    this.#awake.add(source);
  }

  #track(source: VadSource): Track {
    const track = { gate: new EnergyGate(this.#gateDbfs), state: this.#vad.initialState() };
    this.#tracks.set(source, track);

    return track;
  }
}
