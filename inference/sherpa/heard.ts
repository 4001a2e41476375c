import type { OfflineResult } from 'sherpa-onnx-node';
import type { Hypothesis, SpokenWord } from '../recognizer.ts';
import { type HeardToken, spokenWords } from '../spoken-words.ts';
import { bytePiece } from './byte-pieces.ts';
import { withMarks } from './marked-words.ts';
import type { SherpaModel } from './sherpa-graphs.ts';
import type { Tokens } from './tokens.ts';

/** What stands for a sound that the model has no piece for. */
const UNKNOWN = '<unk>';
/** What stands for bytes that are no UTF-8, as the first of a character are where the audio ends in it. */
const NO_CHARACTER = '\uFFFD';
/** A token lasts until the next begins, but not through a pause. */
const LONGEST_TOKEN_MS = 400;
/** A byte for which there is no piece, in sentencepiece's spelling. */
const BYTE = /^<0x([\dA-F]{2})>$/;
/** Those that tell when each token was said. The times of Fun-ASR-Nano are its tokens spread over the audio. */
export const TIMED: ReadonlySet<SherpaModel['family']> = new Set([
  'transducer',
  'nemo-transducer',
  'zipformer-ctc',
  'nemo-ctc',
  'paraformer',
]);

/**
 * Takes over what sherpa-onnx heard.
 * @param text of the result, or that with punctuation.
 * @param vocabulary without any ids for a model whose vocabulary is not known.
 * @param lengthMs of the segment; no time is behind it.
 */
export function readResult(
  result: OfflineResult,
  text: string,
  family: SherpaModel['family'],
  vocabulary: Pick<Tokens, 'ids' | 'areBytes' | 'areCapitals'>,
  lengthMs: number,
): Hypothesis {
  const cased = (written: string) =>
    vocabulary.areCapitals && !BYTE.test(written) ? written.toLowerCase() : written;
  const said = cased(cleaned(text));
  const logProbs = result.ys_log_probs.filter((logProb) => Number.isFinite(logProb) && logProb <= 0);
  const words =
    said !== '' && TIMED.has(family)
      ? heardWords(result, said, partsOf(result.tokens.map(cased), family, vocabulary.areBytes), lengthMs)
      : null;

  return {
    text: said,
    tokens: said === '' ? [] : result.tokens.flatMap((token) => vocabulary.ids.get(token) ?? []),
    meanLogProb:
      said !== '' && logProbs.length > 0
        ? logProbs.reduce((sum, logProb) => sum + logProb, 0) / logProbs.length
        : null,
    cut: null,
    ...(words && { words }),
    ...(family === 'whisper' && result.lang !== '' && { language: languageTag(result.lang) }),
  };
}

/** BCP 47 for Whisper's code; one of them is not. */
export function languageTag(code: string): string {
  return code === 'jw' ? 'jv' : code;
}

function cleaned(text: string): string {
  return text.replaceAll(UNKNOWN, '').replaceAll(NO_CHARACTER, '').replace(/\s+/gu, ' ').trim();
}

/** The bytes of each token's text, in parts that end where characters may. */
function partsOf(
  tokens: readonly string[],
  family: SherpaModel['family'],
  areBytes: boolean,
): readonly (readonly Uint8Array[])[] {
  if (areBytes) return tokens.map(bytePiece);
  const texts = family === 'paraformer' ? spacedPieces(tokens) : tokens;

  return texts.map((token) => [bytesOf(token)]);
}

/** Null where the model told no times, or the text was rewritten so that they belong to other words. */
function heardWords(
  { tokens, timestamps, durations, ys_log_probs }: OfflineResult,
  text: string,
  parts: readonly (readonly Uint8Array[])[],
  lengthMs: number,
): readonly SpokenWord[] | null {
  if (tokens.length === 0 || timestamps.length !== tokens.length) return null;
  const starts = timestamps.map((seconds) => Math.min(seconds * 1000, lengthMs));
  const later = laterStarts(starts, lengthMs);
  const heard = tokens.flatMap((token, i): HeardToken[] => {
    if (token === UNKNOWN) return [];
    const [startMs, lasts] = [starts[i]!, (durations[i] ?? 0) * 1000];
    const endMs = lasts > 0 ? startMs + lasts : Math.min(later[i]!, startMs + LONGEST_TOKEN_MS);
    const logProb = Number.isFinite(ys_log_probs[i]) ? ys_log_probs[i]! : null;

    return parts[i]!.map((bytes) => ({ bytes, startMs, endMs: Math.min(endMs, lengthMs), logProb }));
  });

  return withMarks(spokenWords(heard).words, text);
}

/** Of each token the start of the next that does not begin with it; `end` where there is none. */
function laterStarts(starts: readonly number[], end: number): readonly number[] {
  const later = new Array<number>(starts.length).fill(end);
  for (let i = starts.length - 2; i >= 0; i--) {
    later[i] = starts[i + 1]! > starts[i]! ? starts[i + 1]! : later[i + 1]!;
  }

  return later;
}

function bytesOf(token: string): Uint8Array {
  const byte = BYTE.exec(token);

  return byte ? Uint8Array.of(Number.parseInt(byte[1]!, 16)) : Buffer.from(token);
}

/** Paraformer's pieces, with the spaces that its text gets: `@@` says that a word goes on, and letters part from others. */
function spacedPieces(tokens: readonly string[]): readonly string[] {
  return tokens.map((token, i) => {
    const before = tokens[i - 1];
    const continues = before?.endsWith('@@') === true && isAscii(token);
    const apart = isAscii(token) || (before !== undefined && isAscii(before));

    return (apart && !continues ? ' ' : '') + token.replace(/@@$/, '');
  });
}

function isAscii(token: string): boolean {
  return token.charCodeAt(0) < 0x80;
}
