import { setImmediate } from 'node:timers/promises';
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

/** A transcript as a whole file. Times count from the first caption. Made piece by piece, so that nobody waits for it. */
export async function transcriptFile(
  transcript: Transcript,
  format: TranscriptFormat,
): Promise<string | Buffer> {
  const { captions } = transcript;
  switch (format) {
    case 'txt':
      return (
        await inPieces(captions, (caption, i) => `${textLine(caption, captions[0]!, captions[i - 1])}\n`)
      ).join('');
    case 'srt':
      return srt(captions);
    case 'vtt':
      return vtt(captions);
    case 'json':
      return `${JSON.stringify(toJson(transcript), null, 2)}\n`;
    case 'docx':
      return docx(transcript.meeting, subtitle(transcript), turnsOf(captions));
  }
}

/** A final on the timeline of its meeting. @param originMs where that begins, in milliseconds since 1970. */
export function onTimeline(final: FinalMessage, originMs: number): TimedCaption {
  const { spokenAtMs, startMs, endMs, speaker, text } = final;
  const beginMs = Math.max(0, spokenAtMs - originMs);

  return { startMs: beginMs, endMs: beginMs + endMs - startMs, speaker, text };
}

/** Names stand before what their owner begins to say, for SubRip has no other place for them. */
async function srt(captions: readonly FinalMessage[]): Promise<string> {
  let number = 0;
  const cues = await inPieces(captions, (final, i) => {
    const caption = timed(captions, i);
    const isSame = captions[i - 1]?.speaker === final.speaker;
    const text = isSame ? caption.text : `${caption.speaker}: ${caption.text}`;

    return cuesOf({ ...caption, text }, captions, i)
      .map((cue) => srtCue(cue, ++number))
      .join('');
  });

  return cues.join('').replace(/\n\n$/, '\n');
}

async function vtt(captions: readonly FinalMessage[]): Promise<string> {
  const cues = await inPieces(captions, (_, i) =>
    cuesOf(timed(captions, i), captions, i).map(vttCue).join(''),
  );

  return VTT_SIGNATURE + cues.join('');
}

function timed(captions: readonly FinalMessage[], i: number): TimedCaption {
  return onTimeline(captions[i]!, captions[0]!.spokenAtMs);
}

function cuesOf(caption: TimedCaption, captions: readonly FinalMessage[], i: number): readonly TimedCue[] {
  const next = captions[i + 1];

  return timedCues(caption, next ? next.spokenAtMs - captions[0]!.spokenAtMs : Number.POSITIVE_INFINITY);
}

function textLine(final: FinalMessage, first: FinalMessage, before: FinalMessage | undefined): string {
  const name = before?.speaker === final.speaker ? '' : `${final.speaker}: `;

  return `[${timeInto(final, first)}] ${name}${final.text}`;
}

function toJson({ meeting, captions, more }: Transcript): object {
  const originMs = captions[0]?.spokenAtMs ?? 0;

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
        model,
      }) => ({
        ...{ captionId, streamId, speaker, spokenAtMs },
        startMs: spokenAtMs - originMs,
        endMs: spokenAtMs - originMs + endMs - startMs,
        ...{ text, endpoint },
        ...(confidence !== undefined && { confidence }),
        ...(cut && { cut }),
        ...{ language, model },
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

function turnsOf(captions: readonly FinalMessage[]): readonly SpokenTurn[] {
  const turns: { speaker: string; time: string; texts: string[] }[] = [];
  for (const final of captions) {
    const last = turns.at(-1);
    if (last?.speaker === final.speaker) last.texts.push(final.text);
    else turns.push({ speaker: final.speaker, time: timeInto(final, captions[0]!), texts: [final.text] });
  }

  return turns.map(({ speaker, time, texts }) => ({ speaker, time, text: texts.join(' ') }));
}

function timeInto({ spokenAtMs }: FinalMessage, first: FinalMessage): string {
  return clockTime(spokenAtMs - first.spokenAtMs, '.').slice(0, -FRACTION_CHARACTERS);
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
