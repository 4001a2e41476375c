import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstDifference, sameTokens, sameWords } from '../bench/engine/agreement.ts';
import { drawChart } from '../bench/engine/chart.ts';
import type { Engine, Heard } from '../bench/engine/engines.ts';
import { measureFinals } from '../bench/engine/finals.ts';
import { growingWindows, measurePartials } from '../bench/engine/partials.ts';
import { type FinalScore, headlines } from '../bench/engine/scores.ts';
import { shuffle } from '../bench/engine/spoken-clips.ts';
import { Tally } from '../bench/engine/tally.ts';
import { inBatches, rotate } from '../bench/in-turn.ts';

const score = (audioPerSecond: number, more: Partial<FinalScore> = {}): FinalScore => ({
  audioPerSecond,
  passesPerToken: 1,
  sameTokens: 1,
  sameWords: 1,
  sameAsCold: 1,
  wordErrorRate: 8,
  ...more,
});

describe('headlines', () => {
  const finals = {
    reference: score(20, { wordErrorRate: 8.5 }),
    sherpa: score(30),
    cold: score(60, { sameTokens: 0.9, wordErrorRate: 8.25 }),
    drafts: score(120, { sameAsCold: 0.75 }),
    batches: new Map([
      [4, score(70, { sameAsCold: 1 })],
      [8, score(75, { sameAsCold: 0.5 })],
    ]),
    byLength: score(90, { sameAsCold: 0.75 }),
    draftedBatches: score(120, { sameAsCold: 0.75 }),
  };

  test('set rates over those of sherpa-onnx and partials over naive ones', () => {
    expect(headlines(finals, { naive: 200, cold: 100, drafts: 20 })).toEqual({
      ratioCold: 2,
      ratioDrafts: 4,
      ratioBatch8: 2.5,
      ratioBatch8ByLength: 3,
      ratioBatch8Drafts: 4,
      partialCostRatio: 0.1,
      partialCostRatioOwnCold: 0.2,
      identicalShare: 0.9,
      identicalDrafts: 0.75,
      identicalBatches: 0.75,
      werDelta: 0.25,
    });
  });

  test('say nothing of batches that were not measured', () => {
    const none = headlines({ ...finals, batches: new Map() }, { naive: 1, cold: 1, drafts: 1 });
    expect(none).toMatchObject({ ratioBatch8: null, identicalBatches: 0.75 });
  });
});

describe('Tally', () => {
  const heard = (...tokens: number[]): Heard => ({ text: '', tokens, steps: tokens.length + 1 });
  const [a, b] = [{ audio: new Float32Array(16_000) }, { audio: new Float32Array(32_000) }];

  test('adds up audio, time and passes of batches', () => {
    const tally = new Tally();
    tally.add([a, b], { heard: [heard(5), heard(5, 6, 7)], passes: 3, ms: 500 });
    expect(tally).toMatchObject({ audioPerSecond: 6, meanMs: 500, passesPerToken: 0.5 });
  });

  test('tells the share of clips in which two engines agree', () => {
    const [one, other] = [new Tally(), new Tally()];
    one.add([a, b], { heard: [heard(5), heard(5, 6)], passes: 3, ms: 1 });
    other.add([a, b], { heard: [heard(5), heard(5, 7)], passes: 3, ms: 1 });
    expect(one.share(other, sameTokens)).toBe(0.5);
  });

  test('leaves open what an engine does not tell', () => {
    const [one, other] = [new Tally(), new Tally()];
    one.add([a], { heard: [{ text: '', tokens: null, steps: 0 }], passes: null, ms: 1 });
    other.add([a], { heard: [heard(5)], passes: 2, ms: 1 });
    expect(one.passesPerToken).toBeNull();
    expect(one.share(other, sameTokens)).toBeNull();
  });
});

describe('Agreement', () => {
  test.each([
    [[1, 2, 3], [1, 2, 3], null],
    [[1, 2, 3], [1, 4, 3], 1],
    [[1, 2], [1, 2, 3], 2],
    [[], [1], 0],
  ])('of %j and %j ends at %j', (one, other, index) => {
    expect(firstDifference(one, other)).toBe(index);
    expect(firstDifference(other, one)).toBe(index);
  });

  test('of words leaves case and punctuation aside', () => {
    const text = (text: string): Heard => ({ text, tokens: null, steps: 0 });
    expect(sameWords(text('Hello, Mr. Fox!'), text('hello mister fox'))).toBe(true);
    expect(sameWords(text('Hello fox'), text('hello box'))).toBe(false);
  });
});

describe('Taking turns', () => {
  test('leaves nothing out and nothing twice', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 1 }), fc.nat(50), (items, by) => {
        expect([...rotate(items, by)].sort()).toEqual([...items].sort());
        expect([...shuffle(items)].sort()).toEqual([...items].sort());
        expect(inBatches(items, by + 1).flat()).toEqual(items);
      }),
    );
  });

  test('shuffles the same way every time', () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    expect(shuffle(items)).toEqual(shuffle(items));
    expect(shuffle(items)).not.toEqual(items);
  });
});

/** Hears one token in half a second, and remembers what it was asked. */
class CountingEngine implements Engine {
  readonly asked: { readonly samples: readonly number[]; readonly drafts: readonly (readonly number[])[] }[] =
    [];

  async decode(batch: Parameters<Engine['decode']>[0]) {
    this.asked.push({
      samples: batch.map(({ audio }) => audio.length),
      drafts: batch.map(({ draft = [] }) => draft),
    });
    const heard = batch.map(({ audio }) => {
      const tokens = Array.from({ length: Math.floor(audio.length / 8000) }, (_, i) => 100 + i);

      return { text: tokens.join(' '), tokens, steps: tokens.length + 1 };
    });

    return { heard, passes: 1, ms: 1 };
  }

  async close(): Promise<void> {}
}

describe('measureFinals', () => {
  const clips = Array.from({ length: 20 }, (_, i) => ({
    path: `${i}`,
    reference: '',
    audio: new Float32Array(8000 * (i + 1)),
  }));

  test('gives every contender every clip, in batches of its size, and drafts only to those that have them', async () => {
    const contender = (batchSize: number, drafted: boolean, byLength = false) => ({
      name: '',
      engine: new CountingEngine(),
      own: true,
      batchSize,
      byLength,
      drafted,
    });
    const [cold, drafts, batches] = [contender(1, false), contender(1, true), contender(8, false)];
    await measureFinals(clips, [cold, drafts, batches], new CountingEngine(), () => {});
    const lengths = clips.map(({ audio }) => audio.length);
    for (const { engine } of [cold, drafts, batches]) {
      expect(engine.asked.flatMap(({ samples }) => samples)).toEqual(lengths);
    }
    expect(batches.engine.asked.map(({ samples }) => samples.length)).toEqual([8, 8, 4]);
    expect(cold.engine.asked.flatMap(({ drafts }) => drafts.flat())).toEqual([]);
    expect(drafts.engine.asked.map(({ drafts }) => drafts[0]!.length)).toEqual(clips.map((_, i) => i));
    const alike = contender(5, false, true);
    await measureFinals(shuffle(clips), [alike], new CountingEngine(), () => {});
    const batchesOfFive = [0, 5, 10, 15].map((first) => lengths.slice(first, first + 5));
    const asked = alike.engine.asked.map(({ samples }) => samples);
    expect(asked.toSorted((one, other) => one[0]! - other[0]!)).toEqual(batchesOfFive);
  });
});

describe('Partials', () => {
  test('are of windows that grow by half a second and stay within the clip', () => {
    expect(growingWindows(new Float32Array(20_000)).map(({ audio }) => audio.length)).toEqual([8000, 16_000]);
  });

  test('have what the one before said as their draft', async () => {
    const [own, shipped] = [new CountingEngine(), new CountingEngine()];
    const clips = [30_000, 9000].map((samples) => ({
      path: '',
      reference: '',
      audio: new Float32Array(samples),
    }));
    const { drafts } = await measurePartials(clips, { own, shipped });
    expect(own.asked.flatMap(({ drafts }) => drafts.filter((draft) => draft.length > 0))).toEqual([
      [100],
      [100, 101],
    ]);
    expect(shipped.asked.map(({ samples }) => samples[0])).toEqual([8000, 16_000, 24_000, 8000]);
    expect(drafts.meanMs).toBe(1);
  });
});

describe('drawChart', () => {
  const chart = drawChart('Fast & <fair>', [
    {
      title: 'seconds "a" second',
      bars: [
        { label: 'this', value: 60, own: true },
        { label: 'that', value: 30, own: false },
      ],
    },
    { title: 'nothing', bars: [{ label: 'none', value: 0, own: true }] },
  ]);

  test('is well-formed XML', () => {
    const open: string[] = [];
    for (const [, closing, name, rest] of chart.matchAll(
      /<(\/?)([a-zA-Z]+)((?:\s+[\w-]+="[^"<]*")*\s*\/?)>/g,
    )) {
      if (closing) expect(open.pop()).toBe(name);
      else if (!rest!.endsWith('/')) open.push(name!);
    }
    expect(open).toEqual([]);
    expect(chart.replaceAll(/<[^<>]+>/g, '')).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
    expect(chart).toContain('Fast &amp; &lt;fair&gt;');
  });

  test('draws bars in proportion', () => {
    const widths = [...chart.matchAll(/<rect class="(?:own|other)"[^>]* width="([\d.]+)"/g)].map(
      ([, width]) => Number(width),
    );
    expect(widths[0]! / widths[1]!).toBeCloseTo(2);
    expect(widths[2]).toBe(0);
  });

  test('has colours for dark pages', () => {
    expect(chart).toContain('@media (prefers-color-scheme: dark)');
  });
});
