import { readFile } from 'node:fs/promises';
import { ModelFilesError } from '../model-files-error.ts';
import { areBytePieces } from './byte-pieces.ts';
import type { SherpaGraphs } from './sherpa-graphs.ts';

/** A model's vocabulary. */
export interface Tokens {
  /** The id of each token by its text as sherpa-onnx tells it; the first of several. */
  readonly ids: ReadonlyMap<string, number>;
  /** Whether its pieces are bytes, in the spelling of byte-level BPE. */
  readonly areBytes: boolean;
  /** Whether it knows capitals alone: they are then no more than its way of writing. */
  readonly areCapitals: boolean;
  /** For hot words; null for a model that takes none. */
  readonly spelling: Spelling | null;
}

/** What hot words are spelt with. */
export interface Spelling {
  /** Tokens that are a part of what hot words are cut into: characters, and pieces of words. */
  readonly pieces: ReadonlySet<string>;
}

/** How sentencepiece writes a space. */
const SPACE = '▁';

/**
 * Reads the tokens of a model. They are checked by `open-sherpa.ts`.
 * @throws when the files cannot be read.
 */
export async function readTokens({ tokens, base64, hotWords }: SherpaGraphs): Promise<Tokens> {
  const pieces = tokens === null ? [] : await readPieces(tokens, base64);
  const ids = new Map<string, number>();
  const texts = pieces.map(([, piece]) => piece);
  const areBytes = !base64 && areBytePieces(texts);
  const areCapitals = !areBytes && knowsCapitalsAlone(texts);
  for (const [id, piece] of pieces) {
    const text = !base64 && !areBytes && piece.startsWith(SPACE) ? ` ${piece.slice(SPACE.length)}` : piece;
    if (!ids.has(text)) ids.set(text, id);
  }
  if (!hotWords) return { ids, areBytes, areCapitals, spelling: null };
  const known = new Set(pieces.map(([, piece]) => piece));
  const bpe = hotWords.bpeVocab === null ? [] : await readBpePieces(hotWords.bpeVocab);
  const characters = [...known].filter((piece) => /^\p{Script=Han}$/u.test(piece));
  const spelt = bpe.filter((piece) => known.has(piece));

  return {
    ids,
    areBytes,
    areCapitals,
    spelling: { pieces: new Set([...spelt, ...characters]) },
  };
}

/** Marks such as `<unk>` and `<sos/eos>` apart. */
function knowsCapitalsAlone(pieces: readonly string[]): boolean {
  const written = pieces.filter((piece) => !/^<.*>$/.test(piece));

  return written.some((piece) => /\p{Lu}/u.test(piece)) && !written.some((piece) => /\p{Ll}/u.test(piece));
}

/**
 * Reads a `tokens.txt`: a piece and its id in each line.
 * @param base64 whether the pieces are bytes in base64.
 * @throws {ModelFilesError} when it is something else; Node's own error when it cannot be read.
 */
export async function readPieces(
  path: string,
  base64: boolean,
): Promise<readonly (readonly [id: number, piece: string])[]> {
  const pieces: [number, string][] = [];
  const seen = new Set<number>();
  for (const [i, line] of (await readFile(path, 'utf8')).split('\n').entries()) {
    if (line.trim() === '') continue;
    // A space in base64 or a piece of nothing but spaces leaves a line that begins with the blank before the id.
    const match = /^(.*?)\s+(\d{1,7})\s*$/u.exec(line);
    const id = Number(match?.[2]);
    if (!match || seen.has(id)) {
      throw new ModelFilesError(
        `${path} is no list of tokens: line ${i + 1} is not a piece, a space and its id.`,
      );
    }
    seen.add(id);
    const piece = match[1]!;
    pieces.push([id, base64 ? Buffer.from(piece, 'base64').toString() : piece]);
  }
  if (pieces.length === 0) throw new ModelFilesError(`${path} is no list of tokens: it is empty.`);

  return pieces;
}

/** Pieces of a `bpe.vocab`, as sentencepiece exports it: each with its score. */
export async function readBpePieces(path: string): Promise<readonly string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  const pieces = lines.map((line) => /^(\S+)\s+-?\d+(\.\d+)?(e-?\d+)?\s*$/i.exec(line)?.[1]);
  const wrong = pieces.indexOf(undefined);
  if (pieces.length === 0 || wrong >= 0) {
    throw new ModelFilesError(`${path} is no list of pieces and scores: see line ${wrong + 1}.`);
  }

  return pieces as readonly string[];
}
