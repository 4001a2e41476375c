import { loadMoonshine } from '../../inference/moonshine/load-moonshine.ts';
import type { Recognizer } from '../../inference/recognizer.ts';
import type { ResolvedModel } from '../../server/model-store/store.ts';
import { readWhole } from '../audio.ts';
import { rebuiltGraphs } from '../rebuilt-graphs.ts';

/** The model on its own, in this thread: what the live path is compared with. */
export async function loadWholeClipModel(model: ResolvedModel): Promise<Recognizer> {
  return loadMoonshine(await rebuiltGraphs(model), 'cpu');
}

/**
 * A recording decoded in one piece, without voice detection or segments.
 * @throws {Failure} when it cannot be read, or is longer than the model takes.
 */
export async function decodeWhole(model: Recognizer, path: string): Promise<string> {
  const samples = await readWhole(path, model.capabilities.maxSegmentSamples);
  const { hypotheses } = await model.decode([{ samples, language: null }]);

  return hypotheses[0]!.text;
}
