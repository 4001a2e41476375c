/**
 * Classes of API keys and what a stream of each weighs: while there is more to do than can be done, it gets that much
 * of the inference threads for every 1 of a standard stream.
 */
export const CLASS_WEIGHTS = { high: 4, standard: 1, low: 0.25 } as const;

/** Name of a class. */
export type PriorityClass = keyof typeof CLASS_WEIGHTS;
