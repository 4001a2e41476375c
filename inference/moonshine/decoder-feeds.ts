import { Tensor } from 'onnxruntime-node';
import { HEADS } from './dimensions.ts';
import { END_TOKEN } from './special-tokens.ts';
import type { Values } from './values.ts';

/** Tokens that a row is fed in one pass, and the position of the first. */
export interface PendingTokens {
  readonly pending: readonly number[];
  readonly position: number;
}

/** What a masked position's score becomes. */
const NEVER = Number.NEGATIVE_INFINITY;

/**
 * Tokens, their positions, where in the cache their keys and values belong, and what they may look back on. Rows with
 * fewer tokens are filled up with end marks, whose results nobody looks at.
 */
export function feedTokens(rows: readonly PendingTokens[], cacheSlots: number): Values {
  const width = Math.max(...rows.map(({ pending }) => pending.length));
  const tokens = new BigInt64Array(rows.length * width).fill(BigInt(END_TOKEN));
  const positions = new BigInt64Array(rows.length * width);
  for (const [row, { pending, position }] of rows.entries()) {
    for (const [i, token] of pending.entries()) tokens[row * width + i] = BigInt(token);
    for (let i = 0; i < width; i++) positions[row * width + i] = BigInt(position + i);
  }

  return {
    tokens: new Tensor('int64', tokens, [rows.length, width]),
    positions: new Tensor('int64', positions, [rows.length, width]),
    slots: slotIndexes(rows, width),
    self_mask: selfMask(rows, width, cacheSlots),
  };
}

/** Where each token belongs in a layer's cache: `[rows, width, 8, 4]`, of row, 0, head and slot. */
function slotIndexes(rows: readonly PendingTokens[], width: number): Tensor {
  const indexes = new BigInt64Array(rows.length * width * HEADS * 4);
  let at = 0;
  for (const [row, { position }] of rows.entries()) {
    for (let i = 0; i < width; i++) {
      for (let head = 0; head < HEADS; head++) {
        indexes[at++] = BigInt(row);
        at++;
        indexes[at++] = BigInt(head);
        indexes[at++] = BigInt(position + i);
      }
    }
  }

  return new Tensor('int64', indexes, [rows.length, width, HEADS, 4]);
}

/** 0 for a token's own slot and those before it, never for those behind: `[rows, width, 1, 1, slots]`. */
function selfMask(rows: readonly PendingTokens[], width: number, slots: number): Tensor {
  const mask = new Float32Array(rows.length * width * slots);
  for (const [row, { position }] of rows.entries()) {
    for (let i = 0; i < width; i++) {
      const at = (row * width + i) * slots;
      mask.fill(NEVER, at + position + i + 1, at + slots);
    }
  }

  return new Tensor('float32', mask, [rows.length, width, 1, 1, slots]);
}

/**
 * 0 for a row's own frames, never for the padding behind them: `[rows, 1, 1, 1, padded]`.
 * @param frames of each row.
 */
export function crossMask(frames: readonly number[], padded: number): Tensor {
  const mask = new Float32Array(frames.length * padded);
  for (const [row, own] of frames.entries()) mask.fill(NEVER, row * padded + own, (row + 1) * padded);

  return new Tensor('float32', mask, [frames.length, 1, 1, 1, padded]);
}
