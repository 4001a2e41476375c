import { InferenceSession, Tensor } from 'onnxruntime-node';
import { HEAD_SIZE, HEADS } from '../../inference/moonshine/dimensions.ts';
import type { MoonshineFiles } from '../../inference/moonshine/moonshine-files.ts';
import { END_TOKEN, START_TOKEN } from '../../inference/moonshine/special-tokens.ts';
import { sessionOptions } from '../../inference/session-options.ts';
import { firstDifference } from './agreement.ts';
import type { SpokenClip } from './spoken-clips.ts';
import type { Tally } from './tally.ts';

/** A clip in which two engines heard different tokens. */
export interface Difference {
  /** Of the recording, relative to the folder of recordings. */
  readonly path: string;
  /** Index of the first token in which they differ. */
  readonly token: number;
  /**
   * By how much the reference preferred its own token there, in natural logarithms of probabilities: near 0, rounding
   * decides; well above, something is wrong.
   */
  readonly margin: number;
}

/** Clips in which `engine` heard other tokens than the reference, and how close the reference was to agreeing. */
export async function findDifferences(
  clips: readonly SpokenClip[],
  engine: Tally<SpokenClip>,
  reference: Tally<SpokenClip>,
  referenceFiles: MoonshineFiles,
): Promise<readonly Difference[]> {
  const encoder = await InferenceSession.create(referenceFiles.encoder, sessionOptions('cpu'));
  const decoder = await InferenceSession.create(referenceFiles.decoder, sessionOptions('cpu'));
  const differences: Difference[] = [];
  for (const clip of clips) {
    const [ours, theirs] = [engine.heard(clip).tokens ?? [], reference.heard(clip).tokens ?? []];
    const token = firstDifference(ours, theirs);
    if (token === null) continue;
    const scores = await scoresAfter(encoder, decoder, clip.audio, theirs.slice(0, token));
    // Softmax takes the same from both, so that the gap of the scores is that of the logarithms.
    const margin = scores[theirs[token] ?? END_TOKEN]! - scores[ours[token] ?? END_TOKEN]!;
    differences.push({ path: clip.path, token, margin });
  }
  await encoder.release();
  await decoder.release();

  return differences;
}

/** What the model makes of every token's chance to come after `tokens`, before softmax: all of them in one pass. */
async function scoresAfter(
  encoder: InferenceSession,
  decoder: InferenceSession,
  audio: Float32Array,
  tokens: readonly number[],
): Promise<Float32Array> {
  const { last_hidden_state: states } = await encoder.run({
    input_values: new Tensor('float32', audio, [1, audio.length]),
  });
  const ids = BigInt64Array.from([START_TOKEN, ...tokens], BigInt);
  const nothing = new Tensor('float32', new Float32Array(0), [1, HEADS, 0, HEAD_SIZE]);
  const cache = decoder.inputNames.filter((name) => name.startsWith('past_key_values.'));
  const { logits } = await decoder.run(
    {
      ...Object.fromEntries(cache.map((name) => [name, nothing])),
      input_ids: new Tensor('int64', ids, [1, ids.length]),
      encoder_hidden_states: states!,
      use_cache_branch: new Tensor('bool', [false], [1]),
    },
    ['logits'],
  );
  const scores = logits!.data as Float32Array;

  return scores.subarray(-scores.length / ids.length);
}
