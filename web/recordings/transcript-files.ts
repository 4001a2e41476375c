import { layoutCues } from '../../client-sdk/captions/layout.ts';
import type { FinalMessage } from '../../client-sdk/protocol.ts';

export const FILE_FORMATS = ['txt', 'srt', 'vtt', 'json'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** Lines of text that are on the screen for a while. */
interface TimedCue {
  readonly startMs: number;
  readonly endMs: number;
  readonly lines: readonly string[];
}

/**
 * The captions of one recording as a file. Its times are those of the recording: the server's own transcripts go by the
 * time of day, which a recording has none of.
 */
export function transcriptFile(format: FileFormat, finals: readonly FinalMessage[]): string {
  if (format === 'txt') return `${finals.map(({ text }) => text).join('\n')}\n`;
  if (format === 'json') return `${JSON.stringify(finals.map(jsonCaption), null, 2)}\n`;
  const cues = finals.flatMap(cuesOf);
  if (format === 'srt') return cues.map((cue, index) => `${index + 1}\n${timed(cue, ',')}\n`).join('\n');

  return `WEBVTT\n\n${cues.map((cue) => `${timed(escaped(cue), '.')}\n`).join('\n')}`;
}

function jsonCaption({ startMs, endMs, text, confidence, language }: FinalMessage) {
  return { startMs, endMs, text, language, ...(confidence === undefined ? {} : { confidence }) };
}

/** Times inside of a caption by the share of its characters: the models tell none. */
function cuesOf({ startMs, endMs, text }: FinalMessage): TimedCue[] {
  const at = (char: number) => Math.round(startMs + ((endMs - startMs) * char) / text.length);

  return layoutCues(text).map(({ lines, from, to }) => ({ startMs: at(from), endMs: at(to), lines }));
}

function timed({ startMs, endMs, lines }: TimedCue, mark: ',' | '.'): string {
  return `${timestamp(startMs, mark)} --> ${timestamp(endMs, mark)}\n${lines.join('\n')}`;
}

function escaped(cue: TimedCue): TimedCue {
  const markup = (line: string) =>
    line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

  return { ...cue, lines: cue.lines.map(markup) };
}

function timestamp(atMs: number, mark: ',' | '.'): string {
  const part = (value: number, digits: number) => String(Math.floor(value)).padStart(digits, '0');

  return `${part(atMs / 3_600_000, 2)}:${part((atMs / 60_000) % 60, 2)}:${part((atMs / 1000) % 60, 2)}${mark}${part(atMs % 1000, 3)}`;
}
