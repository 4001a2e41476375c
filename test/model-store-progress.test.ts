import { describe, expect, it } from 'vitest';
import { LineProgress } from '../server/model-store/progress.ts';

function follow(): { progress: LineProgress; lines: string[] } {
  const lines: string[] = [];
  const progress = new LineProgress({ write: (text) => lines.push(text) });
  return { progress, lines };
}

describe('LineProgress', () => {
  it('writes one line at the start, one per tenth and one at the end', () => {
    const { progress, lines } = follow();
    progress.start('tiny', 2_000_000);
    for (let chunk = 0; chunk < 2000; chunk++) progress.advance(1000);
    progress.finish('done');
    const tenths = Array.from({ length: 9 }, (_, tenth) => `tiny: ${tenth + 1}0 %\n`);
    expect(lines).toEqual(['tiny: fetching 2.0 MB\n', ...tenths, 'tiny: done\n']);
  });

  it('writes one line for a leap over several tenths', () => {
    const { progress, lines } = follow();
    progress.start('tiny', 1000);
    progress.advance(550);
    progress.finish('done');
    expect(lines.slice(1)).toEqual(['tiny: 50 %\n', 'tiny: done\n']);
  });

  it('does not repeat tenths that a failed attempt had reached', () => {
    const { progress, lines } = follow();
    progress.start('tiny', 1000);
    progress.advance(500);
    progress.advance(-500);
    progress.note('The connection broke.');
    progress.advance(400);
    progress.advance(300);
    progress.finish('done');
    expect(lines.slice(1)).toEqual([
      'tiny: 50 %\n',
      'tiny: The connection broke.\n',
      'tiny: 70 %\n',
      'tiny: done\n',
    ]);
  });

  it('counts what it learns of only later', () => {
    const { progress, lines } = follow();
    progress.start('tiny', 0);
    progress.expect(1000);
    progress.advance(300);
    progress.finish('done');
    expect(lines).toEqual(['tiny: fetching\n', 'tiny: 30 %\n', 'tiny: done\n']);
  });

  it('claims nothing at the end of a failed download', () => {
    const { progress, lines } = follow();
    progress.start('tiny', 1000);
    progress.finish('failed');
    expect(lines).toEqual(['tiny: fetching 0.0 MB\n']);
  });
});
