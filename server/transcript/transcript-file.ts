import { setImmediate } from 'node:timers/promises';
import { joinCaptions } from '../../client-sdk/captions/join-captions.ts';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { docx, type SpokenTurn } from './docx.ts';
import { clockTime, srtCue, VTT_SIGNATURE, vttCue } from './subtitles.ts';
import { type TimedCaption, type TimedCue, timedCues } from './timed-cues.ts';

/** Plain text with times and names, SubRip, WebVTT, JSON, and a Word document. */
export const TRANSCRIPT_FORMATS = ['txt', 'srt', 'vtt', 'json', 'docx'] as const;
/** One of `TRANSCRIPT_FORMATS`. */
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

/** What was said in a meeting. */
export interface Transcript {
  readonly meeting: string;
  /** In the order they were spoken. */
  readonly captions: readonly FinalMessage[];
  /** Whether there was more before, which is left out. */
  readonly more: boolean;
}

/** Captions laid out before others get their turn: well under 10 ms. */
const CAPTIONS_AT_A_TIME = 200;
/** `.000` of a time of day. */
const FRACTION_CHARACTERS = 4;

/**
 * A transcript as a whole file. Made piece by piece, so that nobody waits for it.
 * @param originMs where times count from, in milliseconds since 1970; from the first caption when left out.
 */
export async function transcriptFile(
  transcript: Transcript,
  format: TranscriptFormat,
  originMs = transcript.captions[0]?.spokenAtMs ?? 0,
): Promise<string | Buffer> {
  const { captions } = transcript;
  switch (format) {
    case 'txt':
      return (
        await inPieces(captions, (caption, i) => `${textLine(caption, originMs, captions[i - 1])}\n`)
      ).join('');
    case 'srt':
      return srt(captions, originMs);
    case 'vtt':
      return vtt(captions, originMs);
    case 'json':
      return `${JSON.stringify(toJson(transcript, originMs), null, 2)}\n`;
    case 'docx':
      return docx(transcript.meeting, subtitle(transcript), turnsOf(captions, originMs));
  }
}

/** A final on the timeline of its meeting. @param originMs where that begins, in milliseconds since 1970. */
export function onTimeline(final: FinalMessage, originMs: number): TimedCaption {
  const { spokenAtMs, startMs, endMs, speaker, text, words } = final;
  const beginMs = Math.max(0, spokenAtMs - originMs);
  const onIt = (ms: number) => beginMs + ms - startMs;

  return {
    ...{ startMs: beginMs, endMs: onIt(endMs), speaker, text },
    ...(words && {
      words: words.map((word) => ({ ...word, startMs: onIt(word.startMs), endMs: onIt(word.endMs) })),
    }),
  };
}

/** Names stand before what their owner begins to say, for SubRip has no other place for them. */
async function srt(captions: readonly FinalMessage[], originMs: number): Promise<string> {
  let number = 0;
  const cues = await inPieces(captions, (final, i) => {
    const caption = onTimeline(final, originMs);
    const isSame = captions[i - 1]?.speaker === final.speaker;
    const text = isSame ? caption.text : `${caption.speaker}: ${caption.text}`;

    return cuesOf({ ...caption, text }, captions[i + 1], originMs)
      .map((cue) => srtCue(cue, ++number))
      .join('');
  });

  return cues.join('').replace(/\n\n$/, '\n');
}

async function vtt(captions: readonly FinalMessage[], originMs: number): Promise<string> {
  const cues = await inPieces(captions, (final, i) =>
    cuesOf(onTimeline(final, originMs), captions[i + 1], originMs)
      .map(vttCue)
      .join(''),
  );

  return VTT_SIGNATURE + cues.join('');
}

function cuesOf(
  caption: TimedCaption,
  next: FinalMessage | undefined,
  originMs: number,
): readonly TimedCue[] {
  return timedCues(caption, next ? next.spokenAtMs - originMs : Number.POSITIVE_INFINITY);
}

function textLine(final: FinalMessage, originMs: number, before: FinalMessage | undefined): string {
  const name = before?.speaker === final.speaker ? '' : `${final.speaker}: `;

  return `[${timeInto(final, originMs)}] ${name}${final.text}`;
}

function toJson({ meeting, captions, more }: Transcript, originMs: number): object {
  return {
    meeting,
    beganAt: captions.length === 0 ? null : new Date(originMs).toISOString(),
    speakers: [...new Set(captions.map(({ speaker }) => speaker))],
    more,
    captions: captions.map(
      ({
        captionId,
        streamId,
        speaker,
        spokenAtMs,
        startMs,
        endMs,
        text,
        endpoint,
        confidence,
        cut,
        language,
        emotion,
        event,
        model,
      }) => ({
        ...{ captionId, streamId, speaker, spokenAtMs },
        startMs: spokenAtMs - originMs,
        endMs: spokenAtMs - originMs + endMs - startMs,
        ...{ text, endpoint },
        ...(confidence !== undefined && { confidence }),
        ...(cut && { cut }),
        language,
        ...(emotion && { emotion }),
        ...(event && { event }),
        model,
      }),
    ),
  };
}

function subtitle({ captions }: Transcript): string {
  if (captions.length === 0) return '';
  const began = new Date(captions[0]!.spokenAtMs).toISOString();
  const speakers = [...new Set(captions.map(({ speaker }) => speaker))];

  return `${began.slice(0, 10)}, ${began.slice(11, 16)} UTC. ${speakers.join(', ')}`;
}

function turnsOf(captions: readonly FinalMessage[], originMs: number): readonly SpokenTurn[] {
  const turns: { speaker: string; time: string; texts: string[] }[] = [];
  for (const final of captions) {
    const last = turns.at(-1);
    if (last?.speaker === final.speaker) last.texts.push(final.text);
    else turns.push({ speaker: final.speaker, time: timeInto(final, originMs), texts: [final.text] });
  }

  return turns.map(({ speaker, time, texts }) => ({ speaker, time, text: joinCaptions(texts) }));
}

function timeInto({ spokenAtMs }: FinalMessage, originMs: number): string {
  return clockTime(spokenAtMs - originMs, '.').slice(0, -FRACTION_CHARACTERS);
}

async function inPieces(
  captions: readonly FinalMessage[],
  write: (caption: FinalMessage, i: number) => string,
): Promise<string[]> {
  const written: string[] = [];
  for (const [i, caption] of captions.entries()) {
    if (i % CAPTIONS_AT_A_TIME === CAPTIONS_AT_A_TIME - 1) await setImmediate();
    written.push(write(caption, i));
  }

  return written;
}
