import { ModelFilesError } from '../model-files-error.ts';
import type { ModelHeader } from '../onnx/model-header.ts';
import { ElementType } from '../onnx/onnx-model.ts';
import { input, output } from './header-lookup.ts';
import type { Queries, SenseVoiceLayout } from './layout.ts';
import { MEL_BINS } from './mel-filters.ts';

/**
 * What the graph itself says has to agree with what is written beside it.
 * @param tokens how many the vocabulary has.
 * @throws {ModelFilesError} when it does not, or cannot be run.
 */
export function checkLayout(header: ModelHeader, layout: SenseVoiceLayout, tokens: number): void {
  const { stackWindow, stackStep, vocabularySize, blank } = layout;
  const [features, logits] = [input(header, layout.features), output(header, layout.logits)];
  const width = MEL_BINS * stackWindow;
  if (!(stackWindow >= 1 && stackStep >= 1 && width <= 8000))
    contradiction('the stacking of frames', stackWindow, 7);
  if ([features, logits].some(({ elementType }) => elementType !== ElementType.float32)) {
    throw new ModelFilesError(
      'The model takes or gives numbers that are no 32-bit floats: use such an export.',
    );
  }
  const given = features.shape?.at(-1) ?? width;
  if (given !== width) contradiction('features in a frame', given, width);
  const size = logits.shape?.at(-1) ?? vocabularySize;
  if (size !== vocabularySize) contradiction('tokens', size, vocabularySize);
  // FunASR says nowhere how long its list is.
  const fits = layout.packaging === 'funasr' ? tokens >= vocabularySize : tokens === vocabularySize;
  if (!fits) contradiction('tokens', vocabularySize, tokens);
  if (blank < 0 || blank >= vocabularySize) contradiction('the blank token', blank, vocabularySize - 1);
  const rows = [features.shape?.[0] ?? null, layout.queries && fixedRows(header, layout.queries)];
  const fixed = rows.find((count) => count !== null && count !== 1);
  if (fixed) {
    throw new ModelFilesError(
      `The model only takes ${fixed} segments at once: export it with a batch size that is left open.`,
    );
  }
}

function fixedRows(header: ModelHeader, queries: Queries): number | null {
  const sizes = [queries.lengths, queries.language, queries.textNormalisation].map(
    (name) => input(header, name).shape?.[0] ?? null,
  );

  return sizes.find((size) => size !== null) ?? null;
}

function contradiction(what: string, given: number, expected: number): never {
  throw new ModelFilesError(
    `The model contradicts what is written beside it: ${what}, ${given} against ${expected}. Its files belong to different models.`,
  );
}
