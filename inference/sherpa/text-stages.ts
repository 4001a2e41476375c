import { ModelFilesError } from '../model-files-error.ts';
import { readModelHeader } from '../onnx/model-header.ts';
import type { ModelFolder } from './model-folder.ts';
import type { SherpaGraphs } from './sherpa-graphs.ts';

/**
 * Finds the rules that sherpa-onnx rewrites text by, in the order of their names.
 * @throws {ModelFilesError} when one of them cannot be named to sherpa-onnx.
 */
export function findRules(folder: ModelFolder): Pick<SherpaGraphs, 'ruleFsts' | 'ruleFars'> {
  const named = (ending: string) =>
    folder.names
      .filter((name) => name.endsWith(ending))
      .sort()
      .map((name) => folder.path(name)!);
  const [ruleFsts, ruleFars] = [named('.fst'), named('.far')];
  const divided = [...ruleFsts, ...ruleFars].find((path) => path.includes(','));
  if (divided !== undefined) {
    throw new ModelFilesError(`${divided} has a comma in its path, where sherpa-onnx divides it: rename it.`);
  }

  return { ruleFsts, ruleFars };
}

/** Finds a CT-Transformer for punctuation in a folder inside the model's: sherpa-onnx' release of one, as it is unpacked. */
export async function findPunctuation(folder: ModelFolder): Promise<string | null> {
  const graphs = folder.allNames.filter((name) => /^[^/]+\/model(\.int8)?\.onnx$/.test(name)).sort();
  for (const name of graphs) {
    const path = folder.path(name)!;
    const { metadata } = await readModelHeader(path);
    if (metadata.has('punctuations') && metadata.has('tokens')) return path;
  }

  return null;
}
