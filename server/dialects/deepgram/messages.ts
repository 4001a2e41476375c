import type { ModelIdentity } from '../../models/served-models.ts';
import { type Alternative, asAlternative, type Said, type TranscriptForm } from './transcript-form.ts';

/** Who answers: goes with every result. */
export interface ResultMetadata {
  readonly request_id: string;
  readonly model_info: { readonly name: string; readonly version: string; readonly arch: string };
  readonly model_uuid: string;
  readonly extra?: Readonly<Record<string, string>>;
}

/** How far a result is settled. */
export interface Settled {
  /** It will not change. */
  readonly isFinal: boolean;
  /** The utterance ends with it. */
  readonly speechFinal: boolean;
  /** The client asked for it. */
  readonly fromFinalize: boolean;
}

/** Digits of a content hash that tell versions of a model apart. */
const VERSION_DIGITS = 12;
/** There is one channel, whatever was mixed into it. */
const CHANNEL = [0, 1] as const;

/** Describes the model as Deepgram describes its own. The UUID is the beginning of the model's hash. */
export function resultMetadata(
  requestId: string,
  { name, hash }: ModelIdentity,
  extra: Readonly<Record<string, string>>,
): ResultMetadata {
  return {
    request_id: requestId,
    model_info: { name, version: hash.slice(0, VERSION_DIGITS), arch: name },
    model_uuid: modelUuid(hash),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

/** A hash's first 128 bits, written as a UUID. */
export function modelUuid(hash: string): string {
  const digits = hash.slice(0, 32).padEnd(32, '0');

  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => digits.slice(from, to))
    .join('-');
}

/** `Results`. */
export function resultsMessage(
  said: Said,
  { isFinal, speechFinal, fromFinalize }: Settled,
  form: TranscriptForm,
  metadata: ResultMetadata,
): object {
  const alternatives: readonly Alternative[] = [asAlternative(said, form)];

  return {
    type: 'Results',
    channel_index: CHANNEL,
    duration: (said.endMs - said.startMs) / 1000,
    start: said.startMs / 1000,
    is_final: isFinal,
    speech_final: speechFinal,
    channel: { alternatives },
    metadata,
    from_finalize: fromFinalize,
    entities: [],
  };
}

/** `SpeechStarted`. */
export function speechStartedMessage(atMs: number): object {
  return { type: 'SpeechStarted', channel: [0], timestamp: atMs / 1000 };
}

/** `UtteranceEnd`. */
export function utteranceEndMessage(lastWordEndMs: number): object {
  return { type: 'UtteranceEnd', channel: CHANNEL, last_word_end: lastWordEndMs / 1000 };
}

/** What `Metadata` sums up. */
export interface StreamSummary {
  /** Of all bytes that came, in hexadecimal. */
  readonly sha256: string;
  readonly createdEpochMs: number;
  readonly durationMs: number;
  /** 0 when no audio came. */
  readonly channels: number;
}

/** `Metadata`, the last message of a stream. */
export function metadataMessage(
  { sha256, createdEpochMs, durationMs, channels }: StreamSummary,
  { request_id, model_info, model_uuid, extra }: ResultMetadata,
): object {
  return {
    type: 'Metadata',
    transaction_key: 'deprecated',
    request_id,
    sha256,
    created: new Date(createdEpochMs).toISOString(),
    duration: durationMs / 1000,
    channels,
    models: [model_uuid],
    model_info: { [model_uuid]: model_info },
    ...(extra && { extra }),
  };
}
