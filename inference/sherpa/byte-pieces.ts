/** How sentencepiece writes a space. */
const SPACE = '▁';
/** What stands for a blank inside a piece where the vocabulary has none. */
const UNKNOWN_BLANK = '⁇';

/**
 * Characters that stand for bytes in vocabularies of byte-level BPE, as icefall makes them (icefall/byte_utils.py): printable
 * ASCII for itself, and letters from U+0100 on, that normalisation leaves alone, for the others in their order.
 */
const BYTES: ReadonlyMap<string, number> = new Map([...byteCharacters(), [UNKNOWN_BLANK, 0x20]]);

function byteCharacters(): readonly (readonly [string, number])[] {
  let letter = 0x0100;
  const nextLetter = (): string => {
    const character = String.fromCharCode(letter++);

    return character.normalize('NFKC') === character ? character : nextLetter();
  };

  return Array.from({ length: 256 }, (_, byte) => [
    byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : nextLetter(),
    byte,
  ]);
}

/** Whether a vocabulary is one of byte-level BPE: every piece is made of such characters, the last among them. */
export function areBytePieces(pieces: readonly string[]): boolean {
  const characters = new Set(pieces.flatMap((piece) => Array.from(piece)));
  characters.delete(SPACE);

  return (
    [...characters].some((character) => character > '\u0180') &&
    [...characters].every((each) => BYTES.has(each))
  );
}

/** The bytes of a piece in parts: the space before a word by itself, because what follows may be a part of a character. */
export function bytePiece(piece: string): readonly Uint8Array[] {
  const isFirst = piece.startsWith(SPACE);
  const rest = Uint8Array.from(
    Array.from(isFirst ? piece.slice(1) : piece),
    (each) => BYTES.get(each) ?? 0x20,
  );

  return isFirst ? [Uint8Array.of(0x20), rest] : [rest];
}
