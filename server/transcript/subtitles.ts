import type { TimedCue } from './timed-cues.ts';

/** The first lines of every WebVTT file. */
export const VTT_SIGNATURE = 'WEBVTT\n';

/** A cue of SubRip, with the empty line behind it. @param number counts from 1. */
export function srtCue({ startMs, endMs, lines }: TimedCue, number: number): string {
  return `${number}\n${clockTime(startMs, ',')} --> ${clockTime(endMs, ',')}\n${lines.map(safeLine).join('\n')}\n\n`;
}

/** A cue of WebVTT, with the empty line before it: who speaks is the voice of the cue. */
export function vttCue({ startMs, endMs, speaker, lines }: TimedCue): string {
  const voice = speaker === null ? '' : `<v ${escapeVtt(safeLine(speaker))}>`;
  const text = lines.map((line) => escapeVtt(safeLine(line))).join('\n');

  return `\n${clockTime(startMs, '.')} --> ${clockTime(endMs, '.')}\n${voice}${text}\n`;
}

/** `HH:MM:SS.mmm`, with SubRip's comma or WebVTT's point. */
export function clockTime(ms: number, decimalMark: string): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');

  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}${decimalMark}${String(ms % 1000).padStart(3, '0')}`;
}

/** An arrow would be taken for the times of a cue. */
function safeLine(line: string): string {
  return line.replaceAll('-->', '→');
}

function escapeVtt(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
