/** What a GPU computes in. */
export type Precision = 'float32' | 'float16';

/** What an operator may ask for; `auto` takes halves where a model comes in them. */
export const PRECISIONS: readonly string[] = ['auto', 'float32', 'float16'];
