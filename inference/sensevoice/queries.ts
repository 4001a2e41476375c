import { Tensor } from 'onnxruntime-node';
import { spokenLanguages } from '../language-tags.ts';
import { ElementType } from '../onnx/onnx-model.ts';
import type { Queries } from './layout.ts';

/** What the model is asked to hear: a language by its tag, or whatever it finds. */
export function languageId({ languageIds }: Queries, language: string | null): number {
  if (language === null) return languageIds.auto;
  const name = spokenLanguages(language).find((each) => Object.hasOwn(languageIds, each));

  return languageIds[(name ?? 'auto') as keyof typeof languageIds];
}

/**
 * Inputs of a run besides the features: a number for each row.
 * @param frames how many frames each row has.
 */
export function queryTensors(
  queries: Queries,
  frames: readonly number[],
  languages: readonly (string | null)[],
  itn: boolean,
): Readonly<Record<string, Tensor>> {
  const tensor = (numbers: readonly number[]) =>
    queries.elementType === ElementType.int64
      ? new Tensor('int64', BigInt64Array.from(numbers, BigInt), [numbers.length])
      : new Tensor('int32', Int32Array.from(numbers), [numbers.length]);

  return {
    [queries.lengths]: tensor(frames),
    [queries.language]: tensor(languages.map((language) => languageId(queries, language))),
    [queries.textNormalisation]: tensor(languages.map(() => (itn ? queries.withItn : queries.withoutItn))),
  };
}
