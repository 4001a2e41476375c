import { Tensor } from 'onnxruntime-node';
import { HEADS } from '../dimensions.ts';
import { START_TOKEN } from '../special-tokens.ts';
import type { Values } from '../values.ts';

/** Other tokens from one of a hypothesis' on. */
export interface Branch {
  /** How many tokens of the hypothesis stand before it. */
  readonly from: number;
  /** At least one. */
  readonly tokens: readonly number[];
}

const NEVER = Number.NEGATIVE_INFINITY;

/** How many slots branches take: one for each token. */
export function branchSlots(branches: readonly Branch[]): number {
  return branches.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

/**
 * Feeds of one pass that tells how likely each token of each branch is. All of them are positions of one row: each
 * looks back on the hypothesis up to where its branch leaves it, and on its own branch (X. Miao et al., "SpecInfer:
 * accelerating large language model serving with tree-based speculative inference and verification", 2024).
 * @param tokens the hypothesis, which is in the cache.
 * @param firstSlot of those that are free, one for each token of the branches.
 * @param slots the cache has.
 */
export function feedBranches(
  tokens: readonly number[],
  branches: readonly Branch[],
  firstSlot: number,
  slots: number,
): Values {
  const width = branchSlots(branches);
  const ids = new BigInt64Array(width);
  const positions = new BigInt64Array(width);
  const indexes = new BigInt64Array(width * HEADS * 4);
  const mask = new Float32Array(width * slots).fill(NEVER);
  let at = 0;
  for (const { from, tokens: own } of branches) {
    const begin = at;
    for (let i = 0; i < own.length; i++, at++) {
      // The token before the branch is fed again: what it gives is how likely the branch's first is.
      const fed = i === 0 ? (tokens[from - 1] ?? START_TOKEN) : own[i - 1]!;
      ids[at] = BigInt(fed);
      positions[at] = BigInt(from + i);
      mask.fill(0, at * slots, at * slots + from);
      mask.fill(0, at * slots + firstSlot + begin, at * slots + firstSlot + at + 1);
      for (let head = 0; head < HEADS; head++) {
        indexes[(at * HEADS + head) * 4 + 2] = BigInt(head);
        indexes[(at * HEADS + head) * 4 + 3] = BigInt(firstSlot + at);
      }
    }
  }

  return {
    tokens: new Tensor('int64', ids, [1, width]),
    positions: new Tensor('int64', positions, [1, width]),
    slots: new Tensor('int64', indexes, [1, width, HEADS, 4]),
    self_mask: new Tensor('float32', mask, [1, width, 1, 1, slots]),
  };
}
