import type { Tensor } from 'onnxruntime-node';

/** What a graph takes or gives, by the names it has for it. */
export type Values = Readonly<Record<string, Tensor>>;
