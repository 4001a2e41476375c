import { deflateSync } from 'node:zlib';
import { blankBetween, joinCaptions } from '../../../client-sdk/captions/join-captions.ts';
import type { DoneMessage, FinalMessage } from '../../../client-sdk/protocol.ts';
import { type HttpAnswer, jsonAnswer } from '../../net/http.ts';
import { formatCaptions } from '../../transcribe/caption-formats.ts';
import { wordsOf } from '../spread-words.ts';
import type { TranscriptionRequest } from './transcription-form.ts';

/** What came of a recording. */
export interface Transcription {
  readonly finals: readonly FinalMessage[];
  readonly done: DoneMessage;
}

/** The text of all captions. */
export function textOf(finals: readonly FinalMessage[]): string {
  return joinCaptions(finals.map(({ text }) => text));
}

/** A recording's transcript, as it was asked for. */
export function transcriptionAnswer(
  { finals, done }: Transcription,
  { format, granularities }: Pick<TranscriptionRequest, 'format' | 'granularities'>,
): HttpAnswer {
  const spoken = finals.filter(({ text }) => text !== '');
  switch (format) {
    case 'json':
      return jsonAnswer('200 OK', { text: textOf(spoken), ...books(done) });
    case 'text':
      return plain(`${textOf(spoken)}\n`, 'text/plain');
    case 'srt':
      return plain(formatCaptions({ recording: '', finals, done }, 'srt'), 'text/plain');
    case 'vtt':
      return plain(formatCaptions({ recording: '', finals, done }, 'vtt'), 'text/vtt');
    case 'verbose_json':
      return jsonAnswer('200 OK', verbose(spoken, done, granularities));
  }
}

/** How much audio there was, and of how much the words are missing. */
export function books({ receivedMs, droppedMs }: DoneMessage): object {
  return {
    usage: { type: 'duration', seconds: receivedMs / 1000 },
    ...(droppedMs > 0 && { dropped_seconds: droppedMs / 1000 }),
  };
}

function plain(body: string, contentType: string): HttpAnswer {
  return { status: '200 OK', contentType: `${contentType}; charset=utf-8`, body };
}

function verbose(
  finals: readonly FinalMessage[],
  done: DoneMessage,
  granularities: readonly string[],
): object {
  return {
    task: 'transcribe',
    language: languageName(finals[0]?.language),
    duration: done.receivedMs / 1000,
    text: textOf(finals),
    ...(granularities.includes('segment') && { segments: finals.map(segment) }),
    ...(granularities.includes('word') && {
      words: finals.flatMap(words),
      // A field of ours: OpenAI's clients leave it alone.
      word_times: finals.every((final) => final.words) ? 'measured' : 'interpolated',
    }),
    ...books(done),
  };
}

/** `english` for `en`. Where nothing was said, nothing tells. */
function languageName(tag = 'und'): string {
  return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag)!.toLowerCase();
}

/**
 * What cannot be known of a segment, and every typed client wants, is 0 or empty: `seek`, `tokens`, `temperature`,
 * `no_speech_prob`.
 */
function segment({ startMs, endMs, text, confidence }: FinalMessage, id: number): object {
  const bytes = Buffer.from(text);

  return {
    ...{ id, seek: 0, start: startMs / 1000, end: endMs / 1000 },
    ...{ text: blankBetween('a', text) + text, tokens: [], temperature: 0 },
    // Confidence is rounded: of 0 there is no logarithm.
    ...(confidence !== undefined && { avg_logprob: Math.log(Math.max(confidence, 0.0005)) }),
    ...{ compression_ratio: bytes.length / deflateSync(bytes).length, no_speech_prob: 0 },
  };
}

/** As OpenAI has them, without punctuation around them. */
function words(final: FinalMessage): readonly object[] {
  return wordsOf(final).map((word) => ({
    word: word.text.replaceAll(/^\p{P}+|\p{P}+$/gu, '') || word.text,
    start: word.startMs / 1000,
    end: word.endMs / 1000,
  }));
}
