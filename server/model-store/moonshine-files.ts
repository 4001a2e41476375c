import type { MoonshineFiles } from '../../inference/moonshine/moonshine-files.ts';
import type { ResolvedModel } from './store.ts';

/** Where a Moonshine model's shipped graphs are, by the names the catalogue gives them. */
export function moonshineFiles({ files }: ResolvedModel): MoonshineFiles {
  return { encoder: files['encoder_model.onnx']!, decoder: files['decoder_model_merged.onnx']! };
}
