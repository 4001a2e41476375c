import { MAX_INPUT_RATE, MIN_INPUT_RATE } from '../../../client-sdk/audio/resampler.ts';
import type { AudioEncoding, StartMessage } from '../../../client-sdk/protocol.ts';
import { MAX_CHANNELS } from '../../audio/pcm.ts';
import { StreamError } from '../../errors.ts';
import { AUTO } from '../../language.ts';
import { ENDPOINTING_RANGES } from '../../net/client-messages.ts';
import { WEIGHT_RANGE } from '../../text/read-words.ts';
import { meetingOf } from '../meeting-of.ts';
import { readReplacement, type TranscriptForm } from './transcript-form.ts';

/** How the audio of a stream is coded. */
export type AudioFormat = Pick<StartMessage, 'sampleRate' | 'encoding'> & { readonly channels: number };

/** What a client wants of words. */
export type WordWishes = Pick<StartMessage, 'hotWords' | 'numerals'>;

/** What the address of a live stream asks for. */
export interface ListenParameters {
  /** Null for audio that brings its own header. */
  readonly format: AudioFormat | null;
  /** Whether each channel is wanted by itself, which works for one. */
  readonly multichannel: boolean;
  readonly interimResults: boolean;
  /** Whether pauses end an utterance. */
  readonly endpointing: boolean;
  /** Silence to wait for. */
  readonly minSilenceMs: number | null;
  readonly utteranceEndMs: number | null;
  readonly vadEvents: boolean;
  /** As it was asked for, which need not be served. */
  readonly model: string | null;
  /** BCP 47, or `auto`; null for nothing. */
  readonly language: string | null;
  readonly place: Pick<StartMessage, 'meeting' | 'speaker'>;
  readonly words: WordWishes;
  readonly form: TranscriptForm;
  /** Pairs that come back with every result. */
  readonly extra: Readonly<Record<string, string>>;
}

/** By their names at Deepgram. `linear32` are floats. */
const ENCODINGS: Readonly<Record<string, AudioEncoding>> = {
  linear16: 'pcm_s16le',
  linear32: 'pcm_f32le',
  mulaw: 'mulaw',
  alaw: 'alaw',
};
/** Shorter pauses part sentences, and cost words. */
const LEAST_SILENCE_MS = 300;
const [, MOST_SILENCE_MS] = ENDPOINTING_RANGES.minSilenceMs;
const UTTERANCE_END_RANGE = [1000, 5000] as const;

/**
 * Reads the address of a live stream. What it does not know, and what no part of this server could do, is ignored.
 * @throws {StreamError} that names the parameter at fault.
 */
export function readListenParameters(query: URLSearchParams): ListenParameters {
  refuseCallback(query);
  const interimResults = flag(query, 'interim_results');
  const multichannel = flag(query, 'multichannel');
  const format = readFormat(query);
  if (format) requireMixable(format.channels, multichannel);

  return {
    format,
    multichannel,
    interimResults,
    ...readEndpointing(query.get('endpointing')),
    utteranceEndMs: readUtteranceEnd(query, interimResults),
    vadEvents: flag(query, 'vad_events'),
    ...readWanted(query),
    place: meetingOf(query),
    words: readWords(query),
    form: readForm(query),
    extra: readExtra(query),
  };
}

/**
 * What is to be listened for: `keyterm` and `keywords`, the latter with a boost behind a colon, of which those that would rather
 * not be heard are left out; and whether numbers are to be written in digits.
 * @throws {StreamError}
 */
export function readWords(query: URLSearchParams): WordWishes {
  const hotWords = [
    ...query.getAll('keyterm').map((text) => ({ text, weight: 1 })),
    ...query.getAll('keywords').map(readBoosted),
  ].filter(({ text, weight }) => text.trim() !== '' && weight > 0);
  const [least, most] = WEIGHT_RANGE;
  const numerals = flag(query, 'numerals') || flag(query, 'smart_format');

  return {
    ...(hotWords.length > 0 && {
      hotWords: hotWords.map(({ text, weight }) => ({
        text,
        weight: Math.min(most, Math.max(least, weight)),
      })),
    }),
    ...(numerals && { numerals }),
  };
}

function readBoosted(keyword: string): { readonly text: string; readonly weight: number } {
  const [, text, boost] = /^(.*):(-?\d+(?:\.\d+)?)$/u.exec(keyword) ?? [];

  return text === undefined ? { text: keyword, weight: 1 } : { text, weight: Number(boost) };
}

/** How transcripts are to be written. @throws {StreamError} */
export function readForm(query: URLSearchParams): TranscriptForm {
  const punctuate = flag(query, 'punctuate');
  const smartFormat = flag(query, 'smart_format');

  return {
    punctuated: punctuate || smartFormat,
    replacements: query.getAll('replace').map(readReplacement),
  };
}

/** What is to hear it. Models of Deepgram's own are none here. */
export function readWanted(query: URLSearchParams): Pick<ListenParameters, 'model' | 'language'> {
  return { model: query.get('model'), language: readLanguage(query) };
}

function readLanguage(query: URLSearchParams): string | null {
  const language = query.get('language') || null;
  if (language === null) return query.get('detect_language')?.toLowerCase() === 'true' ? AUTO : null;

  // Several languages in one stream: those that a model can tell apart.
  return language === 'multi' ? AUTO : language;
}

/** `extra=key:value`, as often as it comes. */
export function readExtra(query: URLSearchParams): Readonly<Record<string, string>> {
  return Object.fromEntries(
    query.getAll('extra').map((pair) => {
      const colon = pair.indexOf(':');

      return colon < 0 ? [pair, ''] : [pair.slice(0, colon), pair.slice(colon + 1)];
    }),
  );
}

/** Results would go nowhere that their client looks. @throws {StreamError} */
export function refuseCallback(query: URLSearchParams): void {
  if (query.has('callback'))
    throw new StreamError(
      'out-of-range',
      'callback is not served: results come back on the same connection.',
    );
}

/** Who speaks on which channel would be lost. @throws {StreamError} */
export function requireMixable(channels: number, multichannel: boolean): void {
  if (multichannel && channels > 1)
    throw new StreamError(
      'out-of-range',
      'Channels are mixed to one here: leave multichannel out, or send each channel as a stream of its own.',
    );
}

/** `true` or `false`, in any case; false when it is left out. @throws {StreamError} */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)?.toLowerCase() ?? 'false';
  if (value !== 'true' && value !== 'false')
    throw new StreamError('out-of-range', `${name} has to be true or false.`);

  return value === 'true';
}

/** Whether audio in this encoding comes as bare samples that are known here. */
export function isRawEncoding(name: string | null): boolean {
  return name !== null && Object.hasOwn(ENCODINGS, name);
}

/** Null for audio that brings its own header. @throws {StreamError} */
export function readFormat(query: URLSearchParams): AudioFormat | null {
  const name = query.get('encoding');
  if (name === null) return null;
  const encoding = isRawEncoding(name) ? ENCODINGS[name] : undefined;
  if (!encoding)
    throw new StreamError('unsupported-encoding', `encoding can be ${Object.keys(ENCODINGS).join(', ')}.`);

  return {
    encoding,
    sampleRate: integer(query.get('sample_rate'), 'sample_rate', MIN_INPUT_RATE, MAX_INPUT_RATE),
    channels: integer(query.get('channels') ?? '1', 'channels', 1, MAX_CHANNELS),
  };
}

function readEndpointing(value: string | null): Pick<ListenParameters, 'endpointing' | 'minSilenceMs'> {
  const wanted = value?.toLowerCase() ?? 'true';
  if (wanted === 'true') return { endpointing: true, minSilenceMs: null };
  if (wanted === 'false') return { endpointing: false, minSilenceMs: MOST_SILENCE_MS };
  if (!/^\d+$/.test(wanted))
    throw new StreamError('out-of-range', 'endpointing has to be a number of milliseconds, true or false.');

  return {
    endpointing: true,
    minSilenceMs: Math.min(MOST_SILENCE_MS, Math.max(LEAST_SILENCE_MS, Number(wanted))),
  };
}

function readUtteranceEnd(query: URLSearchParams, interimResults: boolean): number | null {
  const value = query.get('utterance_end_ms');
  if (value === null || value.toLowerCase() === 'false') return null;
  if (!interimResults) throw new StreamError('out-of-range', 'utterance_end_ms needs interim_results=true.');

  return integer(value, 'utterance_end_ms', ...UTTERANCE_END_RANGE);
}

function integer(text: string | null, name: string, least: number, most: number): number {
  const value = text !== null && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new StreamError('out-of-range', `${name} has to be a whole number from ${least} to ${most}.`);

  return value;
}
