/** The mark before every text: what the first pass is fed. */
export const START_TOKEN = 1;
/** The mark after every text. */
export const END_TOKEN = 2;
/** Text, marks and specials together. */
export const VOCABULARY_SIZE = 32_768;
