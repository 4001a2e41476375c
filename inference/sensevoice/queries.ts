import { Tensor } from 'onnxruntime-node';
import { ElementType } from '../onnx/onnx-model.ts';
import type { Queries } from './layout.ts';

/** BCP 47 tags whose first part alone would name another language: Cantonese is written as a kind of Chinese. */
const CANTONESE = /^(yue|zh-(yue|hk|mo|hant-(hk|mo)))\b/i;
/** ISO 639-3 for Mandarin. */
const MANDARIN = 'cmn';

/** What the model is asked to hear: a language by its tag, or whatever it finds. */
export function languageId({ languageIds }: Queries, language: string | null): number {
  if (language === null) return languageIds.auto;
  if (CANTONESE.test(language)) return languageIds.yue;
  const primary = language.split('-')[0]!.toLowerCase();
  const name = primary === MANDARIN ? 'zh' : primary;

  return Object.hasOwn(languageIds, name) ? languageIds[name as keyof typeof languageIds] : languageIds.auto;
}

/**
 * Inputs of a run besides the features: a number for each row.
 * @param frames how many frames each row has.
 */
export function queryTensors(
  queries: Queries,
  frames: number,
  languages: readonly (string | null)[],
  itn: boolean,
): Readonly<Record<string, Tensor>> {
  const tensor = (numbers: readonly number[]) =>
    queries.elementType === ElementType.int64
      ? new Tensor('int64', BigInt64Array.from(numbers, BigInt), [numbers.length])
      : new Tensor('int32', Int32Array.from(numbers), [numbers.length]);

  return {
    [queries.lengths]: tensor(languages.map(() => frames)),
    [queries.language]: tensor(languages.map((language) => languageId(queries, language))),
    [queries.textNormalisation]: tensor(languages.map(() => (itn ? queries.withItn : queries.withoutItn))),
  };
}
