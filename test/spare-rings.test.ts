import { describe, expect, test } from 'vitest';
import { SpareRings } from '../server/audio/spare-rings.ts';

describe('SpareRings', () => {
  test('gives a ring again to the next who needs one of that length, once', () => {
    const spares = new SpareRings();
    const ring = spares.take(2048);
    expect(ring).toHaveLength(2048);
    spares.giveBack(ring);
    expect(spares.bytes).toBe(8192);
    expect(spares.take(4096)).not.toBe(ring);
    expect(spares.take(2048)).toBe(ring);
    expect(spares.take(2048)).not.toBe(ring);
    expect(spares.bytes).toBe(0);
  });

  test('keeps no more than its bound', () => {
    const spares = new SpareRings();
    for (let i = 0; i < 100; i++) spares.giveBack(new Float32Array(262_144));
    expect(spares.bytes).toBe(16 * 1024 * 1024);
  });
});
