import { ModelFilesError } from '../model-files-error.ts';
import type { ModelFolder } from './model-folder.ts';
import type { HotWordUnits } from './sherpa-graphs.ts';
import { readBpePieces } from './tokens.ts';

/** So many pieces have to be Han characters for a vocabulary to be one of characters. */
const FEW_CHARACTERS = 100;

/**
 * Finds out how a transducer's hot words are cut into tokens. Characters are tokens themselves; pieces need a
 * `bpe.vocab` beside the model, which not every release has.
 * @param pieces of the vocabulary.
 * @returns null where that cannot be told.
 * @throws {ModelFilesError} when the `bpe.vocab` is that of another model.
 */
export async function findHotWordUnits(
  folder: ModelFolder,
  pieces: readonly string[],
): Promise<HotWordUnits | null> {
  const characters = pieces.filter((piece) => /^\p{Script=Han}$/u.test(piece)).length >= FEW_CHARACTERS;
  const bpeVocab = folder.path('bpe.vocab');
  if (bpeVocab === null) return characters ? { unit: 'cjkchar', bpeVocab: null } : null;
  const known = new Set(pieces);
  const strange = (await readBpePieces(bpeVocab)).filter(
    (piece) => !piece.startsWith('<') && !known.has(piece),
  );
  if (strange.length > 0) {
    throw new ModelFilesError(
      `bpe.vocab has pieces that tokens.txt does not have, such as ${strange[0]}: they belong to different models.`,
    );
  }

  return { unit: characters ? 'cjkchar+bpe' : 'bpe', bpeVocab };
}
