/** Layers of Moonshine tiny, in the encoder and in the decoder. */
export const LAYERS = 6;
/** Attention heads in each, and the size of one. */
export const HEADS = 8;
export const HEAD_SIZE = 36;
/** Size of what goes from layer to layer. */
export const HIDDEN_SIZE = HEADS * HEAD_SIZE;
