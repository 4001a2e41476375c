import type { FinalMessage, PartialMessage } from '../../../client-sdk/protocol.ts';
import { joinCaptions } from '../join-captions.ts';
import { spreadWords } from '../spread-words.ts';
import type { VoskSettings } from './settings.ts';

/** What replies are made of. */
export type VoskFinal = Pick<FinalMessage, 'text' | 'startMs' | 'endMs' | 'confidence'>;
export type VoskPartial = Pick<PartialMessage, 'text' | 'startMs' | 'endMs'>;

/** The caption so far. @param partial null when nothing is being said. */
export function partialReply(partial: VoskPartial | null, { partialWords }: VoskSettings): string {
  return JSON.stringify({
    partial: partial?.text ?? '',
    ...(partialWords && partial && { partial_result: wordsOf(partial) }),
  });
}

/** Captions as one: there may be none. */
export function finalReply(finals: readonly VoskFinal[], { words, alternatives }: VoskSettings): string {
  const text = joinCaptions(finals.map((final) => final.text));
  const result = words && finals.length > 0 ? { result: finals.flatMap(wordsOf) } : {};
  if (!alternatives) return JSON.stringify({ ...result, text });
  const confidences = finals.flatMap(({ confidence }) => confidence ?? []);
  const confidence = confidences.length > 0 ? { confidence: Math.min(...confidences) } : {};

  return JSON.stringify({ alternatives: [{ ...confidence, ...result, text }] });
}

/** In seconds. The times are spread over the caption's, and `conf` is the caption's: no word has any of its own. */
function wordsOf({ text, startMs, endMs, confidence }: VoskFinal): readonly object[] {
  return spreadWords(text, startMs, endMs).map((word) => ({
    ...(confidence !== undefined && { conf: confidence }),
    end: word.endMs / 1000,
    start: word.startMs / 1000,
    word: word.text,
  }));
}
