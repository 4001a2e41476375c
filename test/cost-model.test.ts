import { describe, expect, test } from 'vitest';
import { randomNumbers } from '../bench/simulation/random-numbers.ts';
import { CostModel, DEFAULT_LAW } from '../scheduler/cost-model.ts';
import type { Work } from '../scheduler/scheduler.ts';

type Law = (works: readonly Work[]) => number;

const sum = (works: readonly Work[], of: (work: Work) => number) =>
  works.reduce((total, work) => total + of(work), 0);
const longest = (works: readonly Work[]) => Math.max(...works.map(({ fresh }) => fresh));

/** One core: a batch saves nothing. */
const core: Law = (works) => sum(works, ({ size, fresh }) => 5 + 0.005 * size + 0.012 * fresh);
/** A machine on which the longest of a batch decides. */
const wide: Law = (works) => 8 + sum(works, ({ size }) => 0.00025 * size) + 0.004 * longest(works);

/** Teaches a model with noisy batches of random jobs. */
class Lesson {
  readonly model = new CostModel();
  readonly #random = randomNumbers(7);

  work(): Work {
    const size = 500 + 14_000 * this.#random();

    return { size, fresh: this.#random() < 0.7 ? Math.min(size, 500 + 1500 * this.#random()) : size };
  }

  works(count: number): Work[] {
    return Array.from({ length: count }, () => this.work());
  }

  /** Batches of 1 to 8, each up to 15 % off what the law says. */
  teach(law: Law, batches: number): void {
    for (let i = 0; i < batches; i++) {
      const works = this.works(1 + Math.floor(8 * this.#random()));
      this.model.learn(works, law(works) * (0.85 + 0.3 * this.#random()));
    }
  }

  /** Batches as a scheduler with much to do forms them: of 8 if that is predicted to pay. @returns mean size. */
  teachGreedily(law: Law, batches: number): number {
    let jobs = 0;
    for (let i = 1; i <= batches; i++) {
      const works = [this.work()];
      for (const next of this.works(i % 32 === 0 ? 0 : 7))
        if (this.gain(works, next) > 0.05) works.push(next);
      this.model.learn(works, law(works) * (0.85 + 0.3 * this.#random()));
      jobs += works.length;
    }

    return jobs / batches;
  }

  /** What a job is predicted to save by joining, as a share of its time alone. */
  gain(works: readonly Work[], next: Work): number {
    const aloneMs = this.model.predict([next]);

    return (this.model.predict(works) + aloneMs - this.model.predict([...works, next])) / aloneMs;
  }

  /** Mean relative error over fresh batches of 1 to 8. */
  error(law: Law): number {
    const errors = Array.from({ length: 200 }, (_, i) => {
      const works = this.works(1 + (i % 8));

      return Math.abs(this.model.predict(works) / law(works) - 1);
    });

    return errors.reduce((total, error) => total + error, 0) / errors.length;
  }
}

describe('CostModel', () => {
  test('predicts by its prior as long as it knows nothing', () => {
    const works = [
      { size: 1000, fresh: 1000 },
      { size: 3000, fresh: 500 },
    ];
    expect(new CostModel().predict(works)).toBeCloseTo(5 + 0.008 * 4000 + 0.004 * 1000);
    const law = { perBatchMs: 1, perJobMs: 2, perSizeMs: 0.01, perFreshMs: 0.02, perLongestFreshMs: 0.03 };
    expect(new CostModel(law).predict(works)).toBeCloseTo(1 + 4 + 40 + 30 + 30);
    expect(new CostModel(law).law).toEqual(law);
  });

  test.each([
    ['a core', core],
    ['a machine where batches pay', wide],
  ])('learns the law of %s out of noise', (_, law) => {
    const lesson = new Lesson();
    lesson.teach(law, 60);
    expect(lesson.error(law)).toBeLessThan(0.08);
    lesson.teach(law, 400);
    expect(lesson.error(law)).toBeLessThan(0.03);
  });

  test('follows a machine that changes', () => {
    const lesson = new Lesson();
    lesson.teach(core, 500);
    const slower: Law = (works) => 2 * core(works);
    lesson.teach(slower, 700);
    expect(lesson.error(slower)).toBeLessThan(0.08);
    lesson.teach(wide, 1000);
    expect(lesson.error(wide)).toBeLessThan(0.08);
  });

  test('tells a machine where batches pay from one where they do not, by the batches it brings about', () => {
    const onCore = new Lesson();
    onCore.teachGreedily(core, 400);
    expect(onCore.teachGreedily(core, 200)).toBeLessThan(3);
    expect(onCore.error(core)).toBeLessThan(0.05);
    const onWide = new Lesson();
    onWide.teachGreedily(wide, 400);
    expect(onWide.teachGreedily(wide, 200)).toBeGreaterThan(7);
    expect(onWide.error(wide)).toBeLessThan(0.05);
  });

  test('finds out that batches pay now after a time of single jobs', () => {
    const lesson = new Lesson();
    lesson.teachGreedily(core, 600);
    lesson.teachGreedily(wide, 600);
    expect(lesson.teachGreedily(wide, 100)).toBeGreaterThan(7);
  });

  test('is moved little by a batch that took a thousand times longer', () => {
    const lesson = new Lesson();
    lesson.teach(core, 300);
    const works = lesson.works(4);
    const before = lesson.model.predict(works);
    lesson.model.learn(works, 1000 * before);
    expect(lesson.model.predict(works)).toBeLessThan(1.25 * before);
    lesson.model.learn(works, before / 1000);
    expect(lesson.error(core)).toBeLessThan(0.1);
  });

  test('learns nothing of times that are none, and of no jobs', () => {
    const model = new CostModel();
    for (const tookMs of [Number.NaN, 0, -5, Number.POSITIVE_INFINITY]) {
      model.learn([{ size: 1000, fresh: 1000 }], tookMs);
    }
    model.learn([], 100);
    expect(model.law).toEqual(DEFAULT_LAW);
  });

  test('takes sizes that are none for 0', () => {
    const model = new CostModel();
    const nonsense = [Number.NaN, -1, Number.POSITIVE_INFINITY].map((value) => ({
      size: value,
      fresh: value,
    }));
    expect(model.predict(nonsense)).toBe(5);
    for (let i = 0; i < 100; i++) model.learn(nonsense, 20);
    expect(model.predict([{ size: 1000, fresh: 500 }])).toBeGreaterThan(0);
  });

  test('never predicts less for more work, nor less than a floor', () => {
    const lesson = new Lesson();
    for (const law of [core, wide, () => 1e-9]) {
      lesson.teach(law, 200);
      const works = lesson.works(3);
      const ms = lesson.model.predict(works);
      expect(lesson.model.predict([...works, lesson.work()])).toBeGreaterThanOrEqual(ms);
      expect(lesson.model.predict([{ size: 1, fresh: 0 }])).toBeGreaterThanOrEqual(0.1);
    }
  });
});
