import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import protobuf from 'protobufjs/light.js';
import { ModelFilesError } from '../model-files-error.ts';

/** How sentencepiece writes a space. */
const SPACE = '▁';
/** A byte for which there is no piece, in sentencepiece's spelling. */
const BYTE = /^<0x([\dA-F]{2})>$/;
/** What carries no text: begin, end, unknown, and tags such as `<|HAPPY|>`. */
const MARK = /^<(s|\/s|unk|OOV|blank|pad|\|[^|]*\|)>$/;

/** What the ids of a model stand for. */
export class Vocabulary {
  readonly #pieces: readonly string[];
  readonly #base64: boolean;

  /** @param base64 whether the pieces are bytes in base64 rather than text. */
  constructor(pieces: readonly string[], base64: boolean) {
    this.#pieces = pieces;
    this.#base64 = base64;
  }

  get size(): number {
    return this.#pieces.length;
  }

  /** The bytes of a token's text in UTF-8, which need not end with a whole character; none for one without text. */
  bytes(token: number): Uint8Array {
    const piece = this.#pieces[token] ?? '';
    if (this.#base64) {
      const bytes = Buffer.from(piece, 'base64');

      return MARK.test(bytes.toString('latin1')) ? new Uint8Array(0) : bytes;
    }
    if (MARK.test(piece)) return new Uint8Array(0);
    const byte = BYTE.exec(piece);

    return Buffer.from(byte ? [Number.parseInt(byte[1]!, 16)] : piece.replaceAll(SPACE, ' '));
  }

  /** Whether it stands for a byte for which there is no piece, so that any text could be put together of such. */
  isByte(token: number): boolean {
    return !this.#base64 && BYTE.test(this.#pieces[token] ?? '');
  }

  /** The name in a tag: `HAPPY` for `<|HAPPY|>`. Null for any other token. */
  tag(token: number): string | null {
    return /^<\|([^|]*)\|>$/.exec(this.#pieces[token] ?? '')?.[1] ?? null;
  }
}

/**
 * Reads a vocabulary, by the end of its name: `.txt` has a piece and its id in each line, as sherpa-onnx' exports do;
 * `.json` is a list of pieces and `.model` sentencepiece's own file, as FunASR's exports have them.
 * @param base64 whether the pieces of a `.txt` are in base64, as those of Fun-ASR-Nano are.
 * @throws {ModelFilesError} when it is not what it has to be; a file that cannot be read fails with Node's own error.
 */
export async function readVocabulary(path: string, base64: boolean): Promise<Vocabulary> {
  const bytes = await readFile(path);
  try {
    if (extname(path) === '.json') return new Vocabulary(parseList(bytes.toString()), false);
    if (extname(path) === '.model') return new Vocabulary(parseSentencePieces(bytes), false);

    return new Vocabulary(parseLines(bytes.toString()), base64);
  } catch (error) {
    throw new ModelFilesError(`${path} is no list of tokens: ${(error as Error).message}`, { cause: error });
  }
}

function parseLines(text: string): readonly string[] {
  const pieces: string[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const match = /^(.*?)\s+(\d+)\s*$/u.exec(line);
    // A space in base64 or a piece of nothing but spaces leaves a line that begins with the blank before the id.
    const id = Number(match?.[2]);
    if (!match || !Number.isSafeInteger(id) || id >= 10_000_000) {
      throw new Error(`line ${i + 1} is not a piece, a space and its id.`);
    }
    pieces[id] = match[1] === '' ? ' ' : match[1]!;
  }
  if (pieces.length === 0) throw new Error('it is empty.');

  return Array.from(pieces, (piece: string | undefined, id) => {
    if (piece === undefined) throw new Error(`id ${id} is missing.`);

    return piece;
  });
}

function parseList(text: string): readonly string[] {
  const pieces: unknown = JSON.parse(text);
  if (!Array.isArray(pieces) || pieces.length === 0) throw new Error('it is no list.');
  if (!pieces.every((piece) => typeof piece === 'string')) throw new Error('not all of it are words.');

  return pieces;
}

/** What is needed of sentencepiece_model.proto (github.com/google/sentencepiece). */
const sentencePieces = protobuf.Root.fromJSON({
  nested: {
    ModelProto: { fields: { pieces: { id: 1, type: 'SentencePiece', rule: 'repeated' } } },
    SentencePiece: { fields: { piece: { id: 1, type: 'string' } } },
  },
}).lookupType('ModelProto');

function parseSentencePieces(bytes: Uint8Array): readonly string[] {
  const { pieces } = sentencePieces.decode(bytes) as unknown as {
    readonly pieces: readonly { readonly piece: string }[];
  };
  if (pieces.length === 0) throw new Error('it is empty.');

  return pieces.map(({ piece }) => piece);
}
