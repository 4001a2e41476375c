import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawLines } from '../bench/load/line-chart.ts';
import { extent, factorTicks, niceTicks, tickLabel } from '../bench/load/scale.ts';

describe('niceTicks', () => {
  it('are round numbers', () => {
    expect(niceTicks(0, 1590, 5)).toEqual([0, 500, 1000, 1500]);
    expect(niceTicks(0, 1, 8).map(tickLabel)).toEqual(['0', '0.2', '0.4', '0.6', '0.8', '1']);
  });

  it('lie in the range, a few of them', () => {
    const least = fc.integer({ min: -1000, max: 1000 });
    const span = fc.double({ min: 0.01, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(least, span, (from, length) => {
        const ticks = niceTicks(from, from + length, 5);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(7);
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(from - 1e-6 * length);
          expect(tick).toBeLessThanOrEqual(from + length * (1 + 1e-6));
        }
      }),
    );
  });
});

describe('factorTicks', () => {
  it('are powers of two, or of ten over a wide range', () => {
    expect(factorTicks(4, 96)).toEqual([4, 8, 16, 32, 64]);
    expect(factorTicks(1, 10_000).map(Math.round)).toEqual([1, 10, 100, 1000, 10_000]);
  });
});

describe('extent', () => {
  it('passes over what is no number', () => {
    expect(extent([3, Number.NaN, -1, Number.POSITIVE_INFINITY])).toEqual([-1, 3]);
    expect(extent([])).toEqual([0, 1]);
  });
});

describe('drawLines', () => {
  const chart = drawLines('Latency & <load>', [
    {
      title: 'p95',
      x: 'streams',
      logX: true,
      limits: [{ label: 'on time', at: 1500 }],
      moments: [{ label: '16 on time', at: 16 }],
      lines: [
        {
          label: 'this server',
          colour: 'own',
          points: [
            [4, 100],
            [16, 800],
            [64, 3000],
          ],
        },
        {
          label: 'peer',
          colour: 'other',
          dashed: true,
          points: [
            [4, 100],
            [16, Number.NaN],
            [64, 3000],
          ],
        },
      ],
    },
  ]);

  it('escapes its texts and names lines, limits and moments', () => {
    expect(chart).toContain('Latency &amp; &lt;load&gt;');
    for (const label of ['this server', 'peer', 'on time', '16 on time', 'streams'])
      expect(chart).toContain(`>${label}</text>`);
  });

  it('puts factors at like distances', () => {
    const xs = [...chart.matchAll(/class="dot-own" cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(xs).toHaveLength(3);
    expect(xs[1]! - xs[0]!).toBeCloseTo(xs[2]! - xs[1]!, 0);
  });

  it('leaves a gap where there is no number', () => {
    const [, path] = /class="line-other dashed" d="(M\S+ \S+M\S+ \S+)"/.exec(chart) ?? [];
    expect(path).toBeDefined();
  });

  it('holds no NaN whatever it is given', () => {
    expect(chart).not.toContain('NaN');
    expect(drawLines('Nothing', [{ title: 'none', x: 's', lines: [] }])).not.toContain('NaN');
  });
});
