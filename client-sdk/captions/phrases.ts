/** What a break costs between two words: nothing at the end of a sentence, most within a phrase. */
export const SENTENCE_BREAK = 0;
const CLAUSE_BREAK = 4;
const CONJUNCTION_BREAK = 7;
const WORD_BREAK = 12;
/** The same behind a word that belongs to the next: "the", "of". */
const PHRASE_BREAK = 18;

const CLOSING = '["\'”’)\\]」』）]*$';
const SENTENCE_END = new RegExp(`[.!?…。！？]${CLOSING}`, 'u');
const CLAUSE_END = new RegExp(`[,;:–—、，；：]${CLOSING}`, 'u');
/** Full stops that end no sentence: titles, initials. */
const ABBREVIATION = /^["'“‘(]*(?:(?:Mr|Mrs|Ms|Dr|St|Prof|Sr|Jr|vs|e\.g|i\.e)\.|\p{Lu}\.)$/u;
const CONJUNCTION =
  /^(?:and|but|or|nor|so|yet|because|although|though|while|when|where|which|who|that|if|than|then|as|after|before|until|unless|since)$/i;
const LEADING =
  /^(?:an?|the|of|to|in|on|at|by|for|from|with|and|or|but|my|your|his|her|its|our|their|this|these|those|is|are|was|were|be|not|no|very|mrs?\.?|ms\.?|dr\.?)$/i;

/** Whether a sentence ends behind a word. */
export function endsSentence(word: string): boolean {
  return SENTENCE_END.test(word) && !ABBREVIATION.test(word);
}

/** How bad it is to break a line or a caption between two words. */
export function breakCost(before: string, after: string): number {
  if (endsSentence(before)) return SENTENCE_BREAK;
  if (CLAUSE_END.test(before)) return CLAUSE_BREAK;
  if (LEADING.test(before)) return PHRASE_BREAK;

  return CONJUNCTION.test(after) ? CONJUNCTION_BREAK : WORD_BREAK;
}
