/** From values to pixels, and the values that get a tick. */
export interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** Least and most of the values that are numbers; 0 and 1 of none. */
export function extent(values: readonly number[]): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }

  return least <= most ? [least, most] : [0, 1];
}

/** Multiples of 1, 2 or 5 times a power of ten, about `count` of them. */
export function niceTicks(least: number, most: number, count: number): readonly number[] {
  const rough = (most - least) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(least / step); i * step <= most * (1 + 1e-9); i++) ticks.push(i * step);

  return ticks;
}

/** Powers of two where that is a handful, else of ten. */
export function factorTicks(least: number, most: number): readonly number[] {
  const base = most / least <= 2 ** 9 ? 2 : 10;
  const ticks: number[] = [];
  for (let i = Math.ceil(Math.log(least) / Math.log(base) - 1e-9); base ** i <= most * (1 + 1e-9); i++) {
    ticks.push(base ** i);
  }

  return ticks;
}

/** A tick's value as short as it can be told. */
export function tickLabel(value: number): string {
  return String(Number(value.toPrecision(6)));
}
