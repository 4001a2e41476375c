import { countWordErrors, wordErrorRate } from '../word-error-rate.ts';
import { sameTokens, sameWords } from './agreement.ts';
import type { SpokenClip } from './spoken-clips.ts';
import type { Tally } from './tally.ts';

/** How one contender did on whole clips. Shares are 0 to 1, and null where they cannot be told. */
export interface FinalScore {
  readonly audioPerSecond: number;
  readonly passesPerToken: number | null;
  /** Share of clips with the tokens of the float32 reference, and with its words. */
  readonly sameTokens: number | null;
  readonly sameWords: number | null;
  /** Share of clips with the tokens that this engine hears without draft and company. */
  readonly sameAsCold: number | null;
  /** In percent. */
  readonly wordErrorRate: number;
}

/** Judges a contender by the reference and by this engine on its own. */
export function scoreFinals(
  clips: readonly SpokenClip[],
  tally: Tally<SpokenClip>,
  reference: Tally<SpokenClip>,
  cold: Tally<SpokenClip>,
): FinalScore {
  return {
    audioPerSecond: tally.audioPerSecond,
    passesPerToken: tally.passesPerToken,
    sameTokens: tally.share(reference, sameTokens),
    sameWords: tally.share(reference, sameWords),
    sameAsCold: tally.share(cold, sameTokens),
    wordErrorRate: wordErrorRate(
      clips.map((clip) => countWordErrors(clip.reference, tally.heard(clip).text)),
    ),
  };
}

/** Scores by contender; batches by their size. */
export interface FinalScores {
  readonly reference: FinalScore;
  readonly sherpa: FinalScore;
  readonly cold: FinalScore;
  readonly drafts: FinalScore;
  readonly batches: ReadonlyMap<number, FinalScore>;
  /** Batches of eight clips of like length. */
  readonly byLength: FinalScore;
  /** Batches of eight clips, each with its draft. */
  readonly draftedBatches: FinalScore;
}

/** The figures that say it all: ratios within one run, which drift of the machine leaves alone. */
export interface Headlines {
  /** Audio seconds a second, over sherpa-onnx's; null where there is no such batch. */
  readonly ratioCold: number;
  readonly ratioDrafts: number;
  readonly ratioBatch8: number | null;
  /** The same in batches of clips of like length. */
  readonly ratioBatch8ByLength: number;
  /** In batches of eight, each clip with its draft. */
  readonly ratioBatch8Drafts: number;
  /** Time of a partial with its draft, over that of the shipped graphs, and over that of this engine without draft. */
  readonly partialCostRatio: number;
  readonly partialCostRatioOwnCold: number;
  /** Share of clips with the tokens of the reference. */
  readonly identicalShare: number | null;
  /** Shares of clips with the tokens of this engine on its own: with drafts, and in the batches of all sizes. */
  readonly identicalDrafts: number | null;
  readonly identicalBatches: number;
  /** Word error rate less the reference's, in points, without sign. */
  readonly werDelta: number;
}

/** Works them out. @param partialMs mean time of a partial. */
export function headlines(
  finals: FinalScores,
  partialMs: { readonly naive: number; readonly cold: number; readonly drafts: number },
): Headlines {
  const ratio = (score: FinalScore) => score.audioPerSecond / finals.sherpa.audioPerSecond;
  const batch8 = finals.batches.get(8);
  const together = [...finals.batches.values(), finals.byLength, finals.draftedBatches];
  const shares = together.map(({ sameAsCold }) => sameAsCold ?? 0);

  return {
    ratioCold: ratio(finals.cold),
    ratioDrafts: ratio(finals.drafts),
    ratioBatch8: batch8 ? ratio(batch8) : null,
    ratioBatch8ByLength: ratio(finals.byLength),
    ratioBatch8Drafts: ratio(finals.draftedBatches),
    partialCostRatio: partialMs.drafts / partialMs.naive,
    partialCostRatioOwnCold: partialMs.drafts / partialMs.cold,
    identicalShare: finals.cold.sameTokens,
    identicalDrafts: finals.drafts.sameAsCold,
    identicalBatches: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    werDelta: Math.abs(finals.cold.wordErrorRate - finals.reference.wordErrorRate),
  };
}
