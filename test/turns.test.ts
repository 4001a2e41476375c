import { describe, expect, test } from 'vitest';
import { Turns } from '../server/outputs/turns.ts';

describe('Turns', () => {
  test('are so many in all, and of one key', () => {
    const turns = new Turns({ inAll: 3, ofAKey: 2 });
    const mine = [turns.begin('mine'), turns.begin('mine')];
    expect(() => turns.require('mine')).toThrow('Too much is asked');
    expect(() => turns.require('other')).not.toThrow();
    const other = turns.begin('other');
    expect(() => turns.require('third')).toThrow('Too much is asked');
    mine[0]!();
    expect(() => turns.require('mine')).not.toThrow();
    other();
    mine[1]!();
    for (let i = 0; i < 3; i++) {
      expect(() => turns.require('mine')).not.toThrow();
      turns.begin('mine')();
    }
  });

  test('are not told apart where there are no keys', () => {
    const turns = new Turns({ inAll: 3, ofAKey: 1 });
    for (let i = 0; i < 3; i++) {
      expect(() => turns.require(null)).not.toThrow();
      turns.begin(null);
    }
    expect(() => turns.require(null)).toThrow('Too much is asked');
  });
});
