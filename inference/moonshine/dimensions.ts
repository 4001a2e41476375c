/** Layers of Moonshine tiny, in the encoder and in the decoder. */
export const LAYERS = 6;
/** Attention heads in each, and the size of one. */
export const HEADS = 8;
export const HEAD_SIZE = 36;
/**
 * Frames of speech and positions of the cache come in multiples of this, masked where nothing is. The runtime adds up
 * a row of attention in as many lanes; so a row's sum is the same to the bit whatever else is in the pass.
 */
export const ATTENTION_STEP = 64;
/** Size of what goes from layer to layer. */
export const HIDDEN_SIZE = HEADS * HEAD_SIZE;
/** Keys and values of each head of each layer: what a token leaves in the cache. */
export const CACHE_PLANES = LAYERS * 2 * HEADS;
