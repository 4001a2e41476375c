import type { EndpointingRequest } from '../../../client-sdk/protocol.ts';
import { StreamError } from '../../errors.ts';
import { ENDPOINTING_RANGES } from '../../net/client-messages.ts';

/** Formats of the answer; `diarized_json` is refused, because nobody is told apart. */
export const RESPONSE_FORMATS = ['json', 'text', 'srt', 'verbose_json', 'vtt'] as const;
export type ResponseFormat = (typeof RESPONSE_FORMATS)[number];

/** What a client wants made of a recording. */
export interface TranscriptionRequest {
  readonly format: ResponseFormat;
  /** Whether the text is wanted as it is made. */
  readonly isStreamed: boolean;
  /** What of `verbose_json` is wanted. */
  readonly granularities: readonly string[];
  /** As it was asked for, which need not be served; null for none. */
  readonly model: string | null;
  /** BCP 47 tag; null for the model's own. */
  readonly language: string | null;
  readonly endpointing: EndpointingRequest;
  /** What is to be listened for. */
  readonly hotWords: readonly string[];
}

type Form = ReadonlyMap<string, readonly string[]>;

/** Our own, which asked-for values are brought into. */
const { startThreshold: THRESHOLD, minSilenceMs: SILENCE_MS } = ENDPOINTING_RANGES;

/**
 * Reads the fields of a transcription's form, but for its file. What it does not know is ignored.
 * @throws {StreamError} `out-of-range`, which names the field at fault.
 */
export function readTranscriptionForm(fields: Form): TranscriptionRequest {
  const format = fields.get('response_format')?.[0] ?? 'json';
  if (format === 'diarized_json')
    throw new StreamError(
      'out-of-range',
      'response_format cannot be diarized_json: this server does not tell speakers apart.',
    );
  if (!isFormat(format))
    throw new StreamError('out-of-range', `response_format has to be one of ${RESPONSE_FORMATS.join(', ')}.`);
  const isStreamed = fields.get('stream')?.[0]?.toLowerCase() === 'true';
  if (isStreamed && format !== 'json' && format !== 'text')
    throw new StreamError('out-of-range', 'response_format has to be json or text where stream is true.');
  const granularities = all(fields, 'timestamp_granularities');
  if (granularities.some((name) => name !== 'word' && name !== 'segment'))
    throw new StreamError('out-of-range', 'timestamp_granularities[] has to be word or segment.');

  return {
    ...{ format, isStreamed },
    granularities: granularities.length > 0 ? granularities : ['segment'],
    model: fields.get('model')?.[0]?.trim() || null,
    language: fields.get('language')?.[0]?.trim() || null,
    endpointing: readChunking(fields),
    hotWords: all(fields, 'keywords').filter((word) => word.trim() !== ''),
  };
}

function isFormat(name: string): name is ResponseFormat {
  return (RESPONSE_FORMATS as readonly string[]).includes(name);
}

/** Values of a list, as `name[]` or, from some clients, `name`. */
function all(fields: Form, name: string): readonly string[] {
  return [...(fields.get(`${name}[]`) ?? []), ...(fields.get(name) ?? [])];
}

/** `auto`, a JSON object, or its fields one by one. */
function readChunking(fields: Form): EndpointingRequest {
  const asked = parse(fields.get('chunking_strategy')?.[0]);
  const value = (name: string) => {
    const given = fields.get(`chunking_strategy[${name}]`)?.[0] ?? asked[name];
    if (given === undefined || given === null) return null;
    const number = Number(given);
    if (!Number.isFinite(number))
      throw new StreamError('out-of-range', `chunking_strategy.${name} has to be a number.`);

    return number;
  };
  const threshold = value('threshold');
  const silenceMs = value('silence_duration_ms');

  return {
    ...(threshold !== null && { startThreshold: within(threshold, THRESHOLD) }),
    ...(silenceMs !== null && { minSilenceMs: within(silenceMs, SILENCE_MS) }),
  };
}

function parse(text = 'auto'): Readonly<Record<string, unknown>> {
  if (text === '' || text === 'auto') return {};
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Told below.
  }
  throw new StreamError('out-of-range', 'chunking_strategy has to be auto or an object.');
}

function within(value: number, [least, most]: readonly [number, number]): number {
  return Math.min(most, Math.max(least, value));
}
