import type { DoneMessage, FinalMessage } from '../../client-sdk/protocol.ts';

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
      return finals
        .map((final, i) => `${i + 1}\n${cueTimes(final, ',')}\n${cueText(final.text)}\n`)
        .join('\n');
    case 'vtt':
      return [
        'WEBVTT\n',
        ...finals.map((final) => `${cueTimes(final, '.')}\n${escapeVtt(cueText(final.text))}\n`),
      ].join('\n');
    case 'json':
      return `${escapeControls(JSON.stringify(toJson({ ...captions, finals }), null, 2))}\n`;
  }
}

function toJson({ recording, finals, done }: Captions): object {
  const { receivedMs, transcribedMs, silenceMs, droppedMs } = done;

  return {
    recording,
    text: finals.map(({ text }) => text).join(' '),
    captions: finals.map(({ startMs, endMs, text, confidence, cut, endpoint }) => ({
      startMs,
      endMs,
      text,
      ...(confidence !== undefined && { confidence }),
      ...(cut && { cut }),
      endpoint,
    })),
    audio: { receivedMs, transcribedMs, silenceMs, droppedMs },
    model: finals[0]?.model,
  };
}

/** Control characters that JSON allows as they are and a terminal would obey. */
function escapeControls(json: string): string {
  return json.replaceAll(/[\x7f-\x9f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

function cueTimes({ startMs, endMs }: FinalMessage, decimalMark: string): string {
  return `${clockTime(startMs, decimalMark)} --> ${clockTime(endMs, decimalMark)}`;
}

/** `HH:MM:SS.mmm`, with SubRip's comma or WebVTT's point. */
function clockTime(ms: number, decimalMark: string): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');

  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}${decimalMark}${String(ms % 1000).padStart(3, '0')}`;
}

/** An empty line or an arrow would end the cue. */
function cueText(text: string): string {
  return text.replaceAll(/\s*[\r\n]\s*/g, ' ').replaceAll('-->', '→');
}

function escapeVtt(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
