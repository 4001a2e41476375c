import { inBatches, rotate } from '../in-turn.ts';
import type { Engine } from './engines.ts';
import { LIVE_STEP_SAMPLES } from './partials.ts';
import { type SpokenClip, shuffle } from './spoken-clips.ts';
import { Tally } from './tally.ts';

/** A way of decoding whole clips. */
export interface Contender {
  readonly name: string;
  readonly engine: Engine;
  /** Whether it is this engine rather than one it is compared with. */
  readonly own: boolean;
  /** Clips decoded together. */
  readonly batchSize: number;
  /** Whether those are of like length, rather than as they come. */
  readonly byLength: boolean;
  /** Whether a clip comes with the draft a live stream would have. */
  readonly drafted: boolean;
}

/**
 * Has every contender decode every clip. They take turns, so that what the machine does meanwhile hits all alike: clip
 * by clip, another one first each time; those that decode several together do so after as many clips as the largest batch
 * holds.
 * @param drafter makes the drafts, off the clock.
 */
export async function measureFinals(
  clips: readonly SpokenClip[],
  contenders: readonly Contender[],
  drafter: Engine,
  progress: (clipsDone: number) => void,
): Promise<ReadonlyMap<Contender, Tally<SpokenClip>>> {
  const tallies = new Map(contenders.map((contender) => [contender, new Tally<SpokenClip>()]));
  const drafts = new Map<SpokenClip, readonly number[]>();
  const decode = async (contender: Contender, batch: readonly SpokenClip[]) => {
    const draftFor = (clip: SpokenClip) => (contender.drafted ? drafts.get(clip)! : []);
    const questions = batch.map((clip) => ({ audio: clip.audio, draft: draftFor(clip) }));
    tallies.get(contender)!.add(batch, await contender.engine.decode(questions));
  };
  const single = contenders.filter(({ batchSize }) => batchSize === 1);
  const batched = contenders.filter(({ batchSize }) => batchSize > 1);
  const roundClips = Math.max(...contenders.map(({ batchSize }) => batchSize));
  const waiting = new Map(batched.map((contender) => [contender, batchesOf(clips, contender)]));
  for (const [turn, round] of inBatches(clips, roundClips).entries()) {
    for (const [i, clip] of round.entries()) {
      drafts.set(clip, await liveDraft(clip, drafter));
      for (const contender of rotate(single, i)) await decode(contender, [clip]);
    }
    for (const contender of rotate(batched, turn)) {
      const batches = waiting.get(contender)!.splice(0, roundClips / contender.batchSize);
      for (const batch of batches) await decode(contender, batch);
    }
    progress(turn * roundClips + round.length);
  }

  return tallies;
}

function batchesOf(
  clips: readonly SpokenClip[],
  { batchSize, byLength }: Contender,
): (readonly SpokenClip[])[] {
  if (!byLength) return [...inBatches(clips, batchSize)];
  const sorted = [...clips].sort((one, other) => one.audio.length - other.audio.length);

  return [...shuffle(inBatches(sorted, batchSize))];
}

/** What the last partial of a live stream said: all but the last half second. */
async function liveDraft({ audio }: SpokenClip, drafter: Engine): Promise<readonly number[]> {
  if (audio.length <= LIVE_STEP_SAMPLES) return [];
  const { heard } = await drafter.decode([{ audio: audio.subarray(0, -LIVE_STEP_SAMPLES) }]);

  return heard[0]!.tokens ?? [];
}
