/** What a GPU computes in. */
export type Precision = 'float32' | 'float16';
