import type { CaptureChunk } from './chunk.ts';
import type { Level } from './level.ts';

/** Something that keeps speech from being recognised. */
export interface Diagnostic {
  readonly kind: 'dead' | 'clipping' | 'quiet' | 'wrong-rate';
  /** A sentence for people. */
  readonly message: string;
}

const MESSAGES: Readonly<Record<Diagnostic['kind'], string>> = {
  dead: 'The microphone sends nothing but silence. It may be switched off, or muted by a key on it.',
  clipping: 'It is too loud, and cut off. Move away from the microphone, or turn its level down.',
  quiet:
    'Hardly anything can be heard. If you are speaking, come closer to the microphone, or turn its level up.',
  'wrong-rate':
    'The audio comes at another speed than the browser says. Unplug the microphone and connect it again.',
};

/** No microphone that is on sends digital silence for so long. */
const DEAD_MS = 3000;
/** Within such a time … */
const CLIPPING_WINDOW_MS = 5000;
/** … more than this share of samples at full scale is heard. */
const CLIPPED_SHARE = 0.001;
/** Nothing louder in all this time: speech at an arm's length is 20 dB above, a quiet room about at it. */
const QUIET_WINDOW_MS = 20_000;
const QUIET_DBFS = -55;
/** Long enough for chunks that came some hundred milliseconds late not to count. */
const RATE_WINDOW_MS = 20_000;
/** Between the rates in use there are 8 % and more. */
const RATE_TOLERANCE = 0.04;
/** The same is not told again before. */
const REPEAT_AFTER_MS = 60_000;

/** Listens to the chunks of one capture for what is wrong with them. Pure: times are the chunks'. */
export class Diagnosis {
  readonly #inputRate: number;
  readonly #toldAtMs = new Map<Diagnostic['kind'], number>();
  #lastSoundMs: number | null = null;
  #clipping = { sinceMs: 0, samples: 0, clipped: 0 };
  #loudest = { sinceMs: 0, dbfs: Number.NEGATIVE_INFINITY };
  #rate = { sinceMs: 0, samples: 0 };

  /** @param inputRate samples per second that the browser says there are. */
  constructor(inputRate: number) {
    this.#inputRate = inputRate;
  }

  /** What follows was not heard right after what came: a pause that says nothing. */
  reset(): void {
    this.#lastSoundMs = null;
  }

  /** @returns what is wrong, each kind at most once a minute. */
  hear(chunk: CaptureChunk, { rmsDbfs }: Level): readonly Diagnostic[] {
    const { atMs } = chunk;
    if (this.#lastSoundMs === null) this.#begin(atMs);
    if (chunk.peak > 0) this.#lastSoundMs = atMs;
    const isDead = atMs - this.#lastSoundMs! >= DEAD_MS;
    const found: Diagnostic['kind'][] = isDead ? ['dead'] : [];
    if (this.#isClipping(chunk)) found.push('clipping');
    if (this.#isQuiet(atMs, rmsDbfs) && !isDead) found.push('quiet');
    if (this.#isRateWrong(chunk)) found.push('wrong-rate');

    return found
      .filter((kind) => this.#isNews(kind, atMs))
      .map((kind) => ({ kind, message: MESSAGES[kind] }));
  }

  #begin(atMs: number): void {
    this.#lastSoundMs = atMs;
    this.#clipping = { sinceMs: atMs, samples: 0, clipped: 0 };
    this.#loudest = { sinceMs: atMs, dbfs: Number.NEGATIVE_INFINITY };
    // The first chunk was heard before its time; it only sets the beginning.
    this.#rate = { sinceMs: atMs, samples: 0 };
  }

  #isClipping({ atMs, inputSamples, clippedSamples }: CaptureChunk): boolean {
    const { sinceMs, samples, clipped } = this.#clipping;
    const counted = { sinceMs, samples: samples + inputSamples, clipped: clipped + clippedSamples };
    const isOver = atMs - sinceMs >= CLIPPING_WINDOW_MS;
    this.#clipping = isOver ? { sinceMs: atMs, samples: 0, clipped: 0 } : counted;

    return isOver && counted.clipped > CLIPPED_SHARE * counted.samples;
  }

  #isQuiet(atMs: number, rmsDbfs: number): boolean {
    const { sinceMs } = this.#loudest;
    const dbfs = Math.max(this.#loudest.dbfs, rmsDbfs);
    const isOver = atMs - sinceMs >= QUIET_WINDOW_MS;
    this.#loudest = isOver ? { sinceMs: atMs, dbfs: Number.NEGATIVE_INFINITY } : { sinceMs, dbfs };

    return isOver && dbfs < QUIET_DBFS;
  }

  #isRateWrong({ atMs, inputSamples }: CaptureChunk): boolean {
    const { sinceMs } = this.#rate;
    const passedMs = atMs - sinceMs;
    if (passedMs <= 0) return false;
    const samples = this.#rate.samples + inputSamples;
    const isOver = passedMs >= RATE_WINDOW_MS;
    this.#rate = isOver ? { sinceMs: atMs, samples: 0 } : { sinceMs, samples };
    const ratio = (samples * 1000) / passedMs / this.#inputRate;

    return isOver && Math.abs(ratio - 1) > RATE_TOLERANCE;
  }

  #isNews(kind: Diagnostic['kind'], atMs: number): boolean {
    const toldAtMs = this.#toldAtMs.get(kind);
    if (toldAtMs !== undefined && atMs - toldAtMs < REPEAT_AFTER_MS) return false;
    this.#toldAtMs.set(kind, atMs);

    return true;
  }
}
