import { LlamaTokenizer } from 'llama-tokenizer-js';
import { VOCABULARY_SIZE } from '../../inference/moonshine/special-tokens.ts';

/** How a Llama vocabulary writes a space. */
const SPACE = '▁';

/**
 * Moonshine's vocabulary as sherpa-onnx reads it: a line for each id, of the piece's bytes in base64, a space, and the
 * id. Ids behind Llama's pieces are specials, which carry no text but need a line.
 */
export function sherpaTokens(): string {
  const pieces = new LlamaTokenizer().vocabById;
  const lines = Array.from({ length: VOCABULARY_SIZE }, (_, id) => {
    const piece = pieces[id] ?? `<<ST_${id - pieces.length}>>`;

    return `${pieceBytes(piece).toString('base64')} ${id}\n`;
  });

  return lines.join('');
}

/** Bytes that a piece stands for: one, for a piece such as `<0xE2>`. */
function pieceBytes(piece: string): Buffer {
  const byte = /^<0x([\dA-F]{2})>$/.exec(piece);

  return byte ? Buffer.from(byte[1]!, 'hex') : Buffer.from(piece.replaceAll(SPACE, ' '));
}
