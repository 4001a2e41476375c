import { MAX_INPUT_RATE, MIN_INPUT_RATE } from '../../client-sdk/audio/resampler.ts';
import {
  AUDIO_ENCODINGS,
  type AudioEncoding,
  type ClientMessage,
  type EndpointingRequest,
  type StartMessage,
} from '../../client-sdk/protocol.ts';
import { MAX_CHANNELS } from '../audio/pcm.ts';
import type { Config } from '../config/options.ts';
import { StreamError } from '../errors.ts';
import { readHotWords, readMask } from '../text/read-words.ts';
import type { Fields } from './codec.ts';

/** Longest meeting and speaker name. */
export const MAX_NAME_CHARACTERS = 128;

/** Longest time a microphone may have been muted: a day. */
const MAX_GAP_MS = 86_400_000;
/** Longer than any token that this server gives. */
const MAX_TOKEN_CHARACTERS = 128;

/** What `start` may say about endpointing: name, least, most. */
export const ENDPOINTING_RANGES = {
  startThreshold: [0.1, 0.95],
  minSilenceMs: [100, 2000],
  maxSegmentMs: [3000, 28_000],
  partialIntervalMs: [200, 5000],
} as const satisfies Record<keyof EndpointingRequest, readonly [number, number]>;

type Control = Exclude<ClientMessage, { type: 'audio' }>;

/** What a server allows of `start`. */
export type StartBounds = Pick<Config, 'maxHotWords'>;

/**
 * Reads a control message. Fields it does not know are ignored, so that newer clients can talk to older servers.
 * @throws {StreamError} that names the field at fault.
 */
export function readControlMessage(fields: Fields, bounds: StartBounds): Control {
  switch (fields.type) {
    case 'start':
      return readStart(fields, bounds);
    case 'resume':
      return {
        type: 'resume',
        token: readToken(fields.token),
        acknowledgedMs: integer(fields, 'acknowledgedMs', 0, Number.MAX_SAFE_INTEGER),
      };
    case 'gap':
      return { type: 'gap', durationMs: integer(fields, 'durationMs', 1, MAX_GAP_MS) };
    case 'marker':
      return { type: 'marker', id: integer(fields, 'id', 0, Number.MAX_SAFE_INTEGER) };
    case 'flush':
      return { type: 'flush' };
    case 'stop':
      return { type: 'stop' };
    default:
      throw new StreamError(
        'bad-message',
        'type has to be start, resume, audio, gap, marker, flush or stop.',
      );
  }
}

/**
 * A meeting's or speaker's name, without the blanks around it.
 * @throws {StreamError} when it is empty, too long, or holds control characters.
 */
export function readName(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new StreamError('bad-message', `${field} has to be text.`);
  // One spelling for what looks the same, so that it is one meeting.
  const name = value.normalize('NFC').trim();
  // Control and format characters could reorder or hide what readers see; joiners belong to some scripts' words.
  if (
    name === '' ||
    name.length > MAX_NAME_CHARACTERS ||
    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u.test(name)
  ) {
    throw new StreamError(
      'out-of-range',
      `${field} has to be 1 to ${MAX_NAME_CHARACTERS} characters, without control characters.`,
    );
  }

  return name;
}

/**
 * Likewise, of a meeting that may come to be by it. `.` and `..` are steps in every address, not names, escaped too (WHATWG URL,
 * "single-dot" and "double-dot URL path segment"): nobody could open, save or delete such a meeting.
 * @throws {StreamError} as `readName`, and for those two.
 */
export function readMeetingName(value: unknown): string {
  const name = readName(value, 'meeting');
  if (name === '.' || name === '..')
    throw new StreamError(
      'out-of-range',
      `meeting cannot be ${name} alone, which addresses have another use for.`,
    );

  return name;
}

function readStart(fields: Fields, { maxHotWords }: StartBounds): StartMessage {
  const endpointing = fields.endpointing === undefined ? undefined : readEndpointing(fields.endpointing);

  return {
    type: 'start',
    sampleRate: integer(fields, 'sampleRate', MIN_INPUT_RATE, MAX_INPUT_RATE),
    encoding: readEncoding(fields.encoding),
    channels: fields.channels === undefined ? 1 : integer(fields, 'channels', 1, MAX_CHANNELS),
    partials: flag(fields, 'partials', true),
    timing: flag(fields, 'timing', false),
    ...(flag(fields, 'words', false) && { words: true }),
    ...(fields.hotWords !== undefined && { hotWords: readHotWords(fields.hotWords, maxHotWords) }),
    ...(fields.mask !== undefined && { mask: readMask(fields.mask) }),
    ...(flag(fields, 'numerals', false) && { numerals: true }),
    ...(fields.meeting !== undefined && { meeting: readMeetingName(fields.meeting) }),
    ...(fields.speaker !== undefined && { speaker: readName(fields.speaker, 'speaker') }),
    ...(fields.language !== undefined && { language: readName(fields.language, 'language') }),
    ...(fields.model !== undefined && { model: readName(fields.model, 'model') }),
    ...(endpointing && { endpointing }),
  };
}

function readToken(value: unknown): string {
  if (typeof value !== 'string' || value.length > MAX_TOKEN_CHARACTERS)
    throw new StreamError('bad-message', 'token has to be the text that ready gave.');

  return value;
}

function readEncoding(value: unknown): AudioEncoding {
  const encoding = AUDIO_ENCODINGS.find((known) => known === value);
  if (!encoding)
    throw new StreamError('unsupported-encoding', `encoding has to be one of ${AUDIO_ENCODINGS.join(', ')}.`);

  return encoding;
}

function flag(fields: Fields, name: string, fallback: boolean): boolean {
  const value = fields[name];
  if (value !== undefined && typeof value !== 'boolean')
    throw new StreamError('bad-message', `${name} has to be true or false.`);

  return value ?? fallback;
}

function readEndpointing(value: unknown): EndpointingRequest {
  if (typeof value !== 'object' || value === null)
    throw new StreamError('bad-message', 'endpointing has to be an object.');
  const fields = value as Fields;
  const request: Record<string, number> = {};
  for (const [name, [least, most]] of Object.entries(ENDPOINTING_RANGES)) {
    if (fields[name] !== undefined) request[name] = number(fields, name, least, most);
  }

  return request;
}

function integer(fields: Fields, name: string, least: number, most: number): number {
  const value = number(fields, name, least, most);
  if (!Number.isInteger(value)) throw new StreamError('out-of-range', `${name} has to be a whole number.`);

  return value;
}

function number(fields: Fields, name: string, least: number, most: number): number {
  const value = fields[name];
  if (typeof value !== 'number') throw new StreamError('bad-message', `${name} has to be a number.`);
  if (!(value >= least && value <= most))
    throw new StreamError('out-of-range', `${name} has to be from ${least} to ${most}.`);

  return value;
}
