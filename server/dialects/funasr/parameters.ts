import type { HotWordRequest } from '../../../client-sdk/protocol.ts';
import { StreamError } from '../../errors.ts';
import { WEIGHT_RANGE } from '../../text/read-words.ts';

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
  /** What is to be listened for, and whether numbers are wanted in digits. */
  readonly hotWords: readonly HotWordRequest[];
  readonly itn: boolean;
}

/** One message. */
export interface FunasrRequest {
  readonly parameters: FunasrParameters;
  /** Whether the utterance ends with it. */
  readonly ends: boolean;
  /** Whether an answer of its own is awaited then. */
  readonly wantsAnswer: boolean;
}

/** What FunASR's examples give a hot word. */
const USUAL_WEIGHT = 20;

/** Those of FunASR's C++ server. */
export const FUNASR_DEFAULTS: FunasrParameters = {
  mode: '2pass',
  wavName: 'wav-default-id',
  sampleRate: 16_000,
  isPcm: true,
  language: null,
  hotWords: [],
  itn: false,
};

/**
 * Reads a client's text, over what is there. What it does not name stays; `chunk_size` and others that only FunASR's
 * models have a use for are left aside.
 * @throws {StreamError} `bad-message`.
 */
export function readRequest(text: string, before: FunasrParameters): FunasrRequest {
  const { mode, wav_name, wav_format, audio_fs, is_speaking, is_finished, is_end, svs_lang, ...words } =
    readFields(text);
  const { hotwords, itn, svs_itn } = words;

  return {
    parameters: {
      mode: mode === undefined ? before.mode : readMode(mode),
      wavName: wav_name === undefined ? before.wavName : String(wav_name),
      sampleRate: audio_fs === undefined ? before.sampleRate : Math.round(Number(audio_fs)),
      isPcm: wav_format === undefined ? before.isPcm : /^pcm$/i.test(String(wav_format)),
      language: svs_lang === undefined ? before.language : String(svs_lang),
      hotWords: hotwords === undefined ? before.hotWords : readHotwords(hotwords),
      itn: typeof (itn ?? svs_itn) === 'boolean' ? (itn ?? svs_itn) === true : before.itn,
    },
    ends: is_speaking === false || is_finished === true || is_end === true,
    wantsAnswer: is_end === true,
  };
}

/** `{"word":20}`, mostly as its JSON, 20 being the usual; or words with blanks between them, or in a list. */
function readHotwords(given: unknown): readonly HotWordRequest[] {
  let words = given;
  try {
    if (typeof given === 'string') words = JSON.parse(given);
  } catch {}
  if (words === null) return [];
  const [least, most] = WEIGHT_RANGE;
  if (Array.isArray(words)) return words.map((word) => ({ text: String(word), weight: 1 }));
  if (typeof words === 'object')
    return Object.entries(words).map(([word, weight]) => ({
      text: word,
      weight: Math.min(most, Math.max(least, Number(weight) / USUAL_WEIGHT || 1)),
    }));

  return String(given)
    .split(/\s+/u)
    .filter((word) => word !== '')
    .map((word) => ({ text: word, weight: 1 }));
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
