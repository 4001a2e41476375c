import type { AudioEncoding, StartMessage } from '../../../client-sdk/protocol.ts';
import type { DefaultEndpointing } from '../dialect.ts';

/** How events look: as they do now, or as they did before the interface was released. */
export type RealtimeShape = 'current' | 'beta';

/** What a client may choose of its session. */
export interface RealtimeSettings {
  /** The name of the format, in the shape's own words. */
  readonly format: string;
  /** Name of the model that was asked for, if it is served; null for the one that the language leads to. */
  readonly model: string | null;
  /** BCP 47 tag; null for the model's own. */
  readonly language: string | null;
  /** What is to be listened for. */
  readonly keywords: readonly string[];
  /** `commit`: turns end where the client says so. */
  readonly turns: 'speech' | 'commit';
  /** Speech begins at this probability. */
  readonly threshold: number;
  /** A pause this long ends a turn. */
  readonly silenceMs: number;
}

interface Format {
  readonly encoding: AudioEncoding;
  readonly sampleRate: number;
}

const PCM = { encoding: 'pcm_s16le', sampleRate: 24_000 } as const;
const MULAW = { encoding: 'mulaw', sampleRate: 8000 } as const;
const ALAW = { encoding: 'alaw', sampleRate: 8000 } as const;

/** Names of formats; the first is the default. */
export const FORMATS: Readonly<Record<RealtimeShape, Readonly<Record<string, Format>>>> = {
  current: { 'audio/pcm': PCM, 'audio/pcmu': MULAW, 'audio/pcma': ALAW },
  beta: { pcm16: PCM, g711_ulaw: MULAW, g711_alaw: ALAW },
};

/** Where turns end at commits only, as little as can be ends before. */
const LONGEST = { minSilenceMs: 2000, maxSegmentMs: 28_000 };

/** What a session has that asks for nothing. */
export function defaultSettings(
  shape: RealtimeShape,
  { startThreshold, minSilenceMs }: DefaultEndpointing,
): RealtimeSettings {
  return {
    format: Object.keys(FORMATS[shape])[0]!,
    model: null,
    language: null,
    keywords: [],
    turns: 'speech',
    threshold: startThreshold,
    silenceMs: minSilenceMs,
  };
}

/** The stream that such a session has. */
export function startOf(shape: RealtimeShape, settings: RealtimeSettings): Omit<StartMessage, 'type'> {
  const { format, model, language, keywords, turns, threshold, silenceMs } = settings;
  const endpointing = turns === 'commit' ? LONGEST : { minSilenceMs: silenceMs };

  return {
    ...FORMATS[shape][format]!,
    ...(model !== null && { model }),
    ...(language !== null && { language }),
    ...(keywords.length > 0 && { hotWords: keywords }),
    endpointing: { startThreshold: threshold, ...endpointing },
  };
}

/** A session as clients are told of it: what is in effect, whatever was asked for. */
export function describeSession(
  shape: RealtimeShape,
  settings: RealtimeSettings,
  session: { readonly id: string; readonly model: string; readonly prefixPaddingMs: number },
): object {
  const { format, language, turns, threshold, silenceMs } = settings;
  const transcription = { model: session.model, ...(language !== null && { language }) };
  const turnDetection = turns === 'speech' && {
    ...{ type: 'server_vad', threshold, prefix_padding_ms: session.prefixPaddingMs },
    silence_duration_ms: silenceMs,
  };
  const identity = { id: session.id, object: 'realtime.transcription_session' };
  if (shape === 'beta')
    return {
      ...identity,
      input_audio_format: format,
      input_audio_transcription: { prompt: '', language: '', ...transcription },
      input_audio_noise_reduction: null,
      turn_detection: turnDetection || null,
      include: null,
    };
  const { sampleRate } = FORMATS.current[format]!;
  const described = { type: format, ...(format === 'audio/pcm' && { rate: sampleRate }) };
  const input = {
    ...{ format: described, transcription, noise_reduction: null },
    turn_detection: turnDetection || null,
  };

  return { type: 'transcription', ...identity, audio: { input }, include: null };
}
