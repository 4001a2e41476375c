import { StreamError } from '../../errors.ts';

/** `2pass`: words as they are spoken, then corrected sentences. `online`: the former only. `offline`: all at the end. */
export type FunasrMode = '2pass' | 'online' | 'offline';

/** What a client's messages have said so far. */
export interface FunasrParameters {
  readonly mode: FunasrMode;
  /** Comes back with every result. */
  readonly wavName: string;
  /** Hz. */
  readonly sampleRate: number;
  /** Whether the audio is what it has to be: 16-bit samples without a header. */
  readonly isPcm: boolean;
  /** As SenseVoice's clients name it, `auto` too; null for none. */
  readonly language: string | null;
}

/** One message. */
export interface FunasrRequest {
  readonly parameters: FunasrParameters;
  /** Whether the utterance ends with it. */
  readonly ends: boolean;
  /** Whether an answer of its own is awaited then. */
  readonly wantsAnswer: boolean;
}

/** Those of FunASR's C++ server. */
export const FUNASR_DEFAULTS: FunasrParameters = {
  mode: '2pass',
  wavName: 'wav-default-id',
  sampleRate: 16_000,
  isPcm: true,
  language: null,
};

/**
 * Reads a client's text, over what is there. What it does not name stays; `chunk_size`, `hotwords`, `itn` and others that only
 * FunASR's models have a use for are left aside.
 * @throws {StreamError} `bad-message`.
 */
export function readRequest(text: string, before: FunasrParameters): FunasrRequest {
  const { mode, wav_name, wav_format, audio_fs, is_speaking, is_finished, is_end, svs_lang } =
    readFields(text);

  return {
    parameters: {
      mode: mode === undefined ? before.mode : readMode(mode),
      wavName: wav_name === undefined ? before.wavName : String(wav_name),
      sampleRate: audio_fs === undefined ? before.sampleRate : Math.round(Number(audio_fs)),
      isPcm: wav_format === undefined ? before.isPcm : /^pcm$/i.test(String(wav_format)),
      language: svs_lang === undefined ? before.language : String(svs_lang),
    },
    ends: is_speaking === false || is_finished === true || is_end === true,
    wantsAnswer: is_end === true,
  };
}

/** What is none of them is taken for the first, as FunASR does. */
function readMode(mode: unknown): FunasrMode {
  return mode === 'online' || mode === 'offline' ? mode : '2pass';
}

function readFields(text: string): Record<string, unknown> {
  let fields: unknown = null;
  try {
    fields = JSON.parse(text);
  } catch {}
  if (typeof fields !== 'object' || fields === null)
    throw new StreamError('bad-message', 'Text has to be a JSON object, as {"mode":"2pass"}.');

  return fields as Record<string, unknown>;
}
