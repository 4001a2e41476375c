import { StreamError } from '../errors.ts';
import type { Fields } from './codec.ts';

/**
 * Reads a body that is a JSON object.
 * @param fault what is said of one that is not.
 * @throws {StreamError} `bad-message` or `message-too-large`, or what reading the body throws.
 */
export async function readJson(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  fault: string,
): Promise<{ readonly fields: Fields; readonly bytes: number }> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > maxBytes) throw new StreamError('message-too-large', `At most ${maxBytes} bytes.`);
    pieces.push(piece);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { fields: value as Fields, bytes };
  } catch {
    // Told below.
  }
  throw new StreamError('bad-message', fault);
}
