/** Captions that are in the document, from `from` up to, not including, `to`. */
export interface VisibleRange {
  readonly from: number;
  readonly to: number;
}

/** What is in the document while it follows: some screens full. Four hours of a meeting are some thousand captions. */
const FOLLOWED = 160;
/** How many more come when somebody reads on to an end of what is there. */
const STEP = 120;
/** More are never in the document: at one end they go when they come at the other. */
const MOST = 480;

/** The newest captions of `count`. */
export function followingRange(count: number): VisibleRange {
  return { from: Math.max(0, count - FOLLOWED), to: count };
}

/** More of what was said before. */
export function earlier({ from, to }: VisibleRange): VisibleRange {
  const start = Math.max(0, from - STEP);

  return { from: start, to: Math.min(to, start + MOST) };
}

/** More of what was said after. */
export function later({ from, to }: VisibleRange, count: number): VisibleRange {
  const end = Math.min(count, to + STEP);

  return { from: Math.max(from, end - MOST), to: end };
}

/** Around a caption that somebody looked for. */
export function around(index: number, count: number): VisibleRange {
  const from = Math.max(0, index - STEP);

  return { from, to: Math.min(count, from + 2 * STEP) };
}
