import { describe, expect, test } from 'vitest';
import { solveNonNegative } from '../scheduler/least-squares.ts';

describe('solveNonNegative', () => {
  test('comes to an end, with nothing but zeros, where something is no number', () => {
    expect(solveNonNegative([[1]], [Number.NaN])).toEqual([0]);
    const matrix = [
      [2, Number.NaN],
      [Number.NaN, 2],
    ];
    expect(solveNonNegative(matrix, [1, 1])).toEqual([0, 0]);
    expect(solveNonNegative([[Number.POSITIVE_INFINITY]], [Number.POSITIVE_INFINITY])).toEqual([0]);
  });

  test('solves what has a solution, and leaves out what would be below 0', () => {
    const matrix = [
      [2, 0],
      [0, 4],
    ];
    expect(solveNonNegative(matrix, [2, 8])).toEqual([1, 2]);
    expect(solveNonNegative(matrix, [-2, 8])).toEqual([0, 2]);
  });
});
