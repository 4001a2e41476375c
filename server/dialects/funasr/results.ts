import { joinCaptions } from '../../../client-sdk/captions/join-captions.ts';
import type { SpokenWord } from '../../../client-sdk/protocol.ts';
import { type SpreadWord, spreadWords } from '../spread-words.ts';
import type { FunasrMode, FunasrParameters } from './parameters.ts';
import { type StampedClause, stampedClauses, timestampOf } from './stamps.ts';

/** A message to the client, all but whether it is the last one of its utterance. */
export interface FunasrResult {
  /** Left out of those that say nothing. */
  readonly mode?: FunasrMode | '2pass-online' | '2pass-offline';
  readonly text: string;
  /** Where in its sentence the text stands: 0 at the beginning, 1 behind it, 2 all of it. */
  readonly slice_type?: 0 | 1 | 2;
  /** Of the sentence in its utterance. */
  readonly index?: number;
  readonly start_time?: number;
  readonly end_time?: number;
  readonly timestamp?: string;
  readonly stamp_sents?: readonly StampedClause[];
}

/** A finished caption. Times are in milliseconds since the utterance began. */
export interface Sentence {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Where the recogniser timed them. */
  readonly words?: readonly SpokenWord[];
}

/** Further words of a sentence that is being spoken. @param index of the sentence in its utterance. */
export function onlineResult(mode: FunasrMode, text: string, index: number, isFirst: boolean): FunasrResult {
  return {
    mode: mode === 'online' ? mode : '2pass-online',
    text,
    slice_type: isFirst ? 0 : 1,
    index,
  };
}

/** A sentence as it stands, in place of what was told of it; or, offline, all of them. @param before what is to part them. */
export function offlineResult(
  mode: FunasrMode,
  sentences: readonly Sentence[],
  index: number,
  before: '' | ' ' = '',
): FunasrResult {
  const text = joinCaptions(sentences.map((sentence) => sentence.text));
  const words = sentences.flatMap(stampedWords);
  const times = words.length > 0 && {
    start_time: sentences[0]!.startMs,
    end_time: sentences.at(-1)!.endMs,
    timestamp: timestampOf(text, words),
    stamp_sents: stampedClauses(words),
  };

  return {
    mode: mode === 'offline' ? mode : '2pass-offline',
    text: before + text,
    slice_type: 2,
    index,
    ...times,
  };
}

/** A pair of times is for a word, or a single character of a script without blanks: timed words of several are taken apart. */
function stampedWords(sentence: Sentence): readonly SpreadWord[] {
  return (sentence.words ?? [sentence]).flatMap(({ text, startMs, endMs }) =>
    spreadWords(text, startMs, endMs),
  );
}

/** What the C++ server says to audio in a format of its own. */
export const NO_PCM: FunasrResult = {
  text: 'ERROR. Real-time transcription service ONLY SUPPORT PCM stream.',
};

/** Nothing is left to say. */
export const NOTHING: FunasrResult = { text: '' };

/** A result as it is sent. */
export function written(
  result: FunasrResult,
  { wavName }: Pick<FunasrParameters, 'wavName'>,
  isFinal: boolean,
): string {
  return JSON.stringify({ ...result, wav_name: wavName, is_final: isFinal });
}

/** The answer to `is_end`. @param error why not all came out, or null. */
export function endAnswer({ mode, wavName }: FunasrParameters, error: string | null): string {
  return JSON.stringify({
    mode,
    wav_name: wavName,
    is_final: error === null,
    is_end: true,
    ...(error !== null && { error }),
  });
}
