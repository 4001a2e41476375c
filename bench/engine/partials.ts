import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { rotate } from '../in-turn.ts';
import type { Engine } from './engines.ts';
import type { SpokenClip } from './spoken-clips.ts';
import { Tally } from './tally.ts';

/** A live stream's partials come this far apart. */
export const LIVE_STEP_SAMPLES = SAMPLE_RATE / 2;

/** A clip's beginning. */
export interface Window {
  readonly audio: Float32Array;
}

/** Partials of the same windows, made in three ways. */
export interface Partials {
  /** The shipped graphs, each window from its first word: what services do. */
  readonly naive: Tally<Window>;
  /** This engine, each window from its first word. */
  readonly cold: Tally<Window>;
  /** This engine, each window with what the one before it said as its draft. */
  readonly drafts: Tally<Window>;
}

/** Decodes clips as windows that grow by half a second; the three ways take turns at each window. */
export async function measurePartials(
  clips: readonly SpokenClip[],
  engines: { readonly shipped: Engine; readonly own: Engine },
): Promise<Partials> {
  const partials = { naive: new Tally<Window>(), cold: new Tally<Window>(), drafts: new Tally<Window>() };
  for (const clip of clips) {
    let draft: readonly number[] = [];
    const ways: readonly ((window: Window) => Promise<void>)[] = [
      async (window) => partials.naive.add([window], await engines.shipped.decode([window])),
      async (window) => partials.cold.add([window], await engines.own.decode([window])),
      async (window) => {
        partials.drafts.add([window], await engines.own.decode([{ ...window, draft }]));
        draft = partials.drafts.heard(window).tokens ?? [];
      },
    ];
    for (const [i, window] of growingWindows(clip.audio).entries())
      for (const decode of rotate(ways, i)) await decode(window);
  }

  return partials;
}

/** The first half second of a clip, the first second, and so on, without the clip as a whole. */
export function growingWindows(audio: Float32Array): readonly Window[] {
  return Array.from({ length: Math.floor(audio.length / LIVE_STEP_SAMPLES) }, (_, i) => ({
    audio: audio.subarray(0, (i + 1) * LIVE_STEP_SAMPLES),
  }));
}
