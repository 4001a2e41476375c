import { Scratch } from '../../inference/scratch.ts';
import { type Vad, type VadRequest, type VadState, WINDOW_SAMPLES } from '../../inference/vad.ts';
import type { Clock } from '../clock.ts';
import { EnergyGate, powerOf } from './energy-gate.ts';

/** A stream, as the ticker sees it. */
export interface VadSource {
  /**
   * Up to `maxWindows` consecutive windows of 512 samples that have not been taken yet, the last one padded with
   * zeros if need be; null when there is none.
   * @param lend memory for so many samples, to be filled and returned.
   */
  takeWindows(maxWindows: number, lend: (samples: number) => Float32Array): Float32Array | null;
  /** Answers the windows taken last: speech probability and mean square of each. Must not throw. */
  acceptWindows(probabilities: Float32Array, powers: Float32Array): void;
  /** The windows taken last will not be answered. Must not throw. */
  vadFailed(error: Error): void;
}

/** A batch the detector answered. */
export interface VadReport {
  readonly windows: number;
  readonly durationMs: number;
}

/** What the ticker tells the metrics. */
export interface VadObserver {
  detected(batch: VadReport): void;
  gated(windows: number): void;
}

/** What is remembered of a stream between its windows. */
export interface Hearing {
  /** Of the energy gate. */
  readonly quietWindows: number;
  /** The detector's; null for the initial one. */
  readonly state: VadState | null;
}

interface Track {
  readonly gate: EnergyGate;
  state: VadState;
  /** Whether the state is the initial one. */
  atRest: boolean;
}

/** The windows of one stream in one batch. */
interface Turn {
  readonly source: VadSource;
  readonly track: Track;
  /** `[windows * 512]` */
  readonly audio: Float32Array;
  readonly powers: Float32Array;
  /** 0 where the gate keeps the window from the detector. */
  readonly probabilities: Float32Array;
}

/** Consecutive windows of a turn that the detector has to hear. */
interface Run {
  readonly turn: Turn;
  readonly firstWindow: number;
  readonly request: VadRequest;
}

/**
 * Windows of one stream in one batch: about a second, so that a stream sent faster than real time gets on while the
 * others wait no longer than some tens of milliseconds.
 */
const MAX_WINDOWS_PER_TURN = 32;

/**
 * Asks the voice activity detector about all streams that have audio, as one batch, over and over: the next batch is
 * gathered while the last one runs, and no sooner than the interval allows. Streams that are sent faster than they can be
 * heard, as recordings are, have batches of their own in between: nothing is gained by gathering for what is there.
 */
export class VadTicker {
  readonly #vad: Vad;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #gateDbfs: number;
  readonly #observer: VadObserver;
  readonly #tracks = new Map<VadSource, Track>();
  /** Audio of the batch under way. */
  readonly #scratch = new Scratch();
  readonly #lend = (samples: number) => this.#scratch.lend(samples);
  /** Streams that may have a window. */
  #awake = new Set<VadSource>();
  /** Those of them whose last turn was full: there is more of them. */
  readonly #behind = new Set<VadSource>();
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

  /**
   * What is remembered of a stream, as a copy. Only while none of its windows are under way: their state is the
   * detector's.
   */
  save(source: VadSource): Hearing {
    const { gate, state, atRest } = this.#tracks.get(source) ?? this.#track(source);

    return { quietWindows: gate.quietWindows, state: atRest ? null : state.slice() };
  }

  /** Goes on with what `save` returned; before the stream's first window. */
  restore(source: VadSource, { quietWindows, state }: Hearing): void {
    this.#tracks.set(source, {
      gate: new EnergyGate(this.#gateDbfs, quietWindows),
      state: state?.slice() ?? this.#vad.initialState(),
      atRest: state === null,
    });
  }

  /** Forgets a stream; what is under way for it is not answered. */
  remove(source: VadSource): void {
    this.#awake.delete(source);
    this.#behind.delete(source);
    this.#tracks.delete(source);
  }

  #arm(): void {
    if (this.#running || this.#cancelTimer || this.#awake.size === 0) return;
    const isBehind = [...this.#behind].some((source) => this.#awake.has(source));
    const waitMs = isBehind ? 0 : Math.max(0, this.#nextMs() - this.#clock.now());
    this.#cancelTimer = this.#clock.after(waitMs, () => {
      this.#cancelTimer = null;
      void this.#tick();
    });
  }

  /** When all streams have their next batch. */
  #nextMs(): number {
    return this.#lastStartMs + this.#intervalMs;
  }

  async #tick(): Promise<void> {
    this.#running = true;
    const turns: Turn[] = [];
    this.#scratch.reclaim();
    for (const source of this.#due()) {
      const audio = source.takeWindows(MAX_WINDOWS_PER_TURN, this.#lend);
      if (audio) turns.push(this.#turn(source, audio));
      if (audio && audio.length === MAX_WINDOWS_PER_TURN * WINDOW_SAMPLES) this.#behind.add(source);
      else this.#behind.delete(source);
    }
    const runs = turns.flatMap((turn) => this.#admit(turn));
    const error = runs.length > 0 ? await this.#detect(runs) : null;
    const unanswered = new Set(error ? runs.map(({ turn }) => turn) : []);
    for (const turn of turns) this.#answer(turn, unanswered.has(turn) ? error : null);
    this.#running = false;
    this.#arm();
  }

  /** Whose turn it is: everybody's, or in between that of those who are behind. They are awake no longer. */
  #due(): Iterable<VadSource> {
    const nowMs = this.#clock.now();
    if (nowMs < this.#nextMs()) {
      const behind = [...this.#awake].filter((source) => this.#behind.has(source));
      for (const source of behind) this.#awake.delete(source);

      return behind;
    }
    this.#lastStartMs = nowMs;
    const all = this.#awake;
    this.#awake = new Set();

    return all;
  }

  #turn(source: VadSource, audio: Float32Array): Turn {
    const powers = new Float32Array(audio.length / WINDOW_SAMPLES);
    for (let i = 0; i < powers.length; i++) {
      powers[i] = powerOf(audio, i * WINDOW_SAMPLES, (i + 1) * WINDOW_SAMPLES);
    }
    const track = this.#tracks.get(source) ?? this.#track(source);

    return { source, track, audio, powers, probabilities: new Float32Array(powers.length) };
  }

  /** Passes a turn's windows through the gate. What comes after silence starts from the initial state. */
  #admit(turn: Turn): Run[] {
    const { track, audio, powers } = turn;
    const admitted = Array.from(powers, (power) => track.gate.admits(power));
    const runs: Run[] = [];
    for (let first = 0; first < admitted.length; first++) {
      if (!admitted[first]) {
        // Silence is what most windows hold: no new state for each of them.
        if (!track.atRest) track.state = this.#vad.initialState();
        track.atRest = true;
        continue;
      }
      let end = first;
      while (admitted[end]) end++;
      const windows = audio.subarray(first * WINDOW_SAMPLES, end * WINDOW_SAMPLES);
      runs.push({ turn, firstWindow: first, request: { windows, state: track.state } });
      track.atRest = false;
      first = end - 1;
    }
    const gated = admitted.filter((heard) => !heard).length;
    if (gated > 0) this.#observer.gated(gated);

    return runs;
  }

  /** Fills in the probabilities. @returns what went wrong, or null. */
  async #detect(runs: readonly Run[]): Promise<Error | null> {
    const startedAt = this.#clock.now();
    try {
      const answers = await this.#vad.detect(runs.map(({ request }) => request));
      for (const [i, { turn, firstWindow }] of runs.entries()) {
        const { probabilities, state } = answers[i]!;
        turn.probabilities.set(probabilities, firstWindow);
        // Unless silence came after it, in which case the state is the initial one already.
        if (firstWindow + probabilities.length === turn.powers.length) turn.track.state = state;
      }
      const windows = answers.reduce((sum, { probabilities }) => sum + probabilities.length, 0);
      this.#observer.detected({ windows, durationMs: this.#clock.now() - startedAt });

      return null;
    } catch (error) {
      return error as Error;
    }
  }

  #answer({ source, track, probabilities, powers }: Turn, error: Error | null): void {
    if (this.#tracks.get(source) !== track) return;
    if (error) source.vadFailed(error);
    else source.acceptWindows(probabilities, powers);
    if (this.#tracks.has(source)) this.#awake.add(source);
  }

  #track(source: VadSource): Track {
    const track = { gate: new EnergyGate(this.#gateDbfs), state: this.#vad.initialState(), atRest: true };
    this.#tracks.set(source, track);

    return track;
  }
}
