import { joinCaptions } from '../../../client-sdk/captions/join-captions.ts';
import type { FinalMessage, PartialMessage } from '../../../client-sdk/protocol.ts';
import { wordsOf } from '../spread-words.ts';
import type { VoskSettings } from './settings.ts';

/** What replies are made of. */
export type VoskFinal = Pick<FinalMessage, 'text' | 'startMs' | 'endMs' | 'confidence' | 'words'>;
export type VoskPartial = Pick<PartialMessage, 'text' | 'startMs' | 'endMs'>;

/** The caption so far. @param partial null when nothing is being said. */
export function partialReply(partial: VoskPartial | null, { partialWords }: VoskSettings): string {
  return JSON.stringify({
    partial: partial?.text ?? '',
    ...(partialWords && partial && { partial_result: voskWords(partial) }),
  });
}

/** Captions as one: there may be none. */
export function finalReply(finals: readonly VoskFinal[], { words, alternatives }: VoskSettings): string {
  const text = joinCaptions(finals.map((final) => final.text));
  const result = words && finals.length > 0 ? { result: finals.flatMap(voskWords) } : {};
  if (!alternatives) return JSON.stringify({ ...result, text });
  const confidences = finals.flatMap(({ confidence }) => confidence ?? []);
  const confidence = confidences.length > 0 ? { confidence: Math.min(...confidences) } : {};

  return JSON.stringify({ alternatives: [{ ...confidence, ...result, text }] });
}

/** In seconds. Words without times of their own are spread over the caption's, and have its `conf`. */
function voskWords(caption: VoskFinal): readonly object[] {
  return wordsOf(caption).map(({ text, startMs, endMs, confidence = caption.confidence }) => ({
    ...(confidence !== undefined && { conf: confidence }),
    end: endMs / 1000,
    start: startMs / 1000,
    word: text,
  }));
}
