import { basename, relative } from 'node:path';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { Failure } from '../../server/failure.ts';
import { readWhole } from '../audio.ts';
import { readClips } from '../data-folder.ts';

/** A clip, read and ready. */
export interface SpokenClip {
  /** Relative to the folder of recordings. */
  readonly path: string;
  readonly reference: string;
  /** Mono at 16 kHz. */
  readonly audio: Float32Array;
}

/** What is read of a folder of recordings. */
export interface Selection {
  readonly data: string;
  /** Those the model knows. */
  readonly languages: readonly string[];
  /** Longest clip it takes. */
  readonly maxSamples: number;
  /** Most clips to read. */
  readonly count: number;
  /** Told which clips are left out, and why. */
  readonly note: (sentence: string) => void;
}

/**
 * Clips in an order that is shuffled but always the same: neighbours differ in length and speaker, as what a live
 * server decodes together does.
 * @throws {Failure} when there is none.
 */
export async function readSpokenClips(selection: Selection): Promise<readonly SpokenClip[]> {
  const { data, languages, maxSamples, count, note } = selection;
  const known = (await readClips(data)).filter(({ language }) => languages.includes(language));
  const clips: SpokenClip[] = [];
  for (const { path, reference } of shuffle(known)) {
    if (clips.length >= count) break;
    try {
      clips.push({ path: relative(data, path), reference, audio: await readWhole(path, maxSamples) });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      note(`${basename(path)} is left out: ${error.message}`);
    }
  }
  if (clips.length === 0) {
    throw new Failure(
      `None of the recordings in ${data} can be used: they have to be in ${languages.join(', ')}.`,
    );
  }

  return clips;
}

/** Seconds of audio in all of them. */
export function audioSeconds(clips: readonly { readonly audio: Float32Array }[]): number {
  return clips.reduce((sum, { audio }) => sum + audio.length, 0) / SAMPLE_RATE;
}

const SEED = 20_261_121;

/** Fisher and Yates' shuffle with numbers from xorshift32, the same on every machine. */
export function shuffle<T>(items: readonly T[]): readonly T[] {
  const shuffled = [...items];
  let state = SEED;
  for (let last = shuffled.length - 1; last > 0; last--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = (state >>> 0) % (last + 1);
    [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
  }

  return shuffled;
}
