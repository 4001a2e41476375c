import type { Recorder } from './records.ts';

/** For streams of which nothing is to be kept here. What they settle counts as kept. */
export const NOTHING_KEPT: Recorder = {
  final: () => {},
  stream: (_, settled) => queueMicrotask(() => settled(true)),
  forget: () => {},
  find: async () => null,
  finals: async () => [],
};
