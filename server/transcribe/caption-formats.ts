import { joinCaptions } from '../../client-sdk/captions/join-captions.ts';
import type { DoneMessage, FinalMessage } from '../../client-sdk/protocol.ts';
import { srtCue, VTT_SIGNATURE, vttCue } from '../transcript/subtitles.ts';
import { type TimedCue, timedCues } from '../transcript/timed-cues.ts';

/** Plain text with a line for each caption, SubRip, WebVTT, and JSON with confidences and the books of the audio. */
export const CAPTION_FORMATS = ['txt', 'srt', 'vtt', 'json'] as const;
/** One of `CAPTION_FORMATS`. */
export type CaptionFormat = (typeof CAPTION_FORMATS)[number];

/** A recording's captions, and where its audio went. */
export interface Captions {
  /** Its path. */
  readonly recording: string;
  /** In the order of their segments; those in which nothing was heard have an empty text. */
  readonly finals: readonly FinalMessage[];
  readonly done: DoneMessage;
}

/** A recording's captions as a whole file. */
export function formatCaptions(captions: Captions, format: CaptionFormat): string {
  const finals = captions.finals.filter(({ text }) => text !== '');
  switch (format) {
    case 'txt':
      return finals.map(({ text }) => `${text}\n`).join('');
    case 'srt':
      return cuesOf(finals)
        .map((cue, i) => srtCue(cue, i + 1))
        .join('')
        .replace(/\n\n$/, '\n');
    case 'vtt':
      return VTT_SIGNATURE + cuesOf(finals).map(vttCue).join('');
    case 'json':
      return `${escapeControls(JSON.stringify(toJson({ ...captions, finals }), null, 2))}\n`;
  }
}

function cuesOf(finals: readonly FinalMessage[]): readonly TimedCue[] {
  return finals.flatMap(({ startMs, endMs, text, words }, i) =>
    timedCues(
      { startMs, endMs, speaker: null, text, ...(words && { words }) },
      finals[i + 1]?.startMs ?? Number.POSITIVE_INFINITY,
    ),
  );
}

function toJson({ recording, finals, done }: Captions): object {
  const { receivedMs, transcribedMs, silenceMs, droppedMs } = done;

  return {
    recording,
    text: joinCaptions(finals.map(({ text }) => text)),
    captions: finals.map(
      ({ startMs, endMs, text, confidence, cut, endpoint, language, emotion, event, words }) => ({
        startMs,
        endMs,
        text,
        language,
        ...(confidence !== undefined && { confidence }),
        ...(cut && { cut }),
        endpoint,
        ...(emotion && { emotion }),
        ...(event && { event }),
        ...(words && { words }),
      }),
    ),
    audio: { receivedMs, transcribedMs, silenceMs, droppedMs },
    model: finals[0]?.model,
  };
}

/** Control characters that JSON allows as they are and a terminal would obey. */
function escapeControls(json: string): string {
  return json.replaceAll(/[\x7f-\x9f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}
