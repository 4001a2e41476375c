import type { MoonshineCpuGraphs, MoonshineFiles } from '../inference/moonshine/moonshine-files.ts';
import { prepareMoonshine } from '../inference/moonshine/rebuild/rebuild.ts';
import { moonshineFiles } from '../server/model-store/moonshine-files.ts';
import type { ResolvedModel } from '../server/model-store/store.ts';

/**
 * The graphs the server runs. Where it would fall back on the shipped ones, this throws: figures of those would pass
 * for figures of the engine.
 * @param shipped where the shipped graphs are, if not in the model's own folder.
 */
export function rebuiltGraphs(
  model: ResolvedModel,
  shipped: MoonshineFiles = moonshineFiles(model),
): Promise<MoonshineCpuGraphs> {
  return prepareMoonshine(shipped, model.contentHash, (error) => {
    throw error;
  });
}
