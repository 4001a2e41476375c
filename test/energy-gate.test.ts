import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EnergyGate, powerOf } from '../server/stream/energy-gate.ts';

const QUIET = 1e-9;
const LOUD = 1e-2;
/** Half a second. */
const HANGOVER_WINDOWS = 16;

describe('EnergyGate', () => {
  test('is closed to a stream that has been quiet from its beginning', () => {
    const gate = new EnergyGate(-65);
    for (let i = 0; i < 40; i++) expect(gate.admits(QUIET)).toBe(false);
  });

  test('opens with the first window at its threshold', () => {
    expect(new EnergyGate(-20).admits(0.0101)).toBe(true);
    expect(new EnergyGate(-20).admits(0.0099)).toBe(false);
  });

  test('stays open through half a second of quiet windows, and then closes', () => {
    const gate = new EnergyGate(-65);
    gate.admits(LOUD);
    const admitted = Array.from({ length: 20 }, () => gate.admits(QUIET));
    expect(admitted).toEqual([...Array(HANGOVER_WINDOWS).fill(true), ...Array(4).fill(false)]);
  });

  test('withholds no loud window and none in the half second after one, and all others', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Array(30).fill(QUIET), LOUD), { maxLength: 200 }), (script) => {
        const gate = new EnergyGate(-65);
        let sinceLoud = Number.POSITIVE_INFINITY;
        for (const power of script) {
          sinceLoud = power === LOUD ? 0 : sinceLoud + 1;
          expect(gate.admits(power)).toBe(sinceLoud <= HANGOVER_WINDOWS);
        }
      }),
    );
  });
});

describe('Power of a window', () => {
  test('is the mean square of its samples', () => {
    expect(powerOf(Float32Array.of(1, -1, 1, -1))).toBe(1);
    expect(powerOf(Float32Array.of(0.5, 0, -0.5, 0))).toBe(0.125);
    expect(powerOf(new Float32Array(0))).toBe(0);
  });
});
