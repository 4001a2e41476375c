import { StreamError } from '../../errors.ts';
import { knowsLanguage } from '../../language.ts';
import type { ServedModels } from '../../models/served-models.ts';
import { ENDPOINTING_RANGES } from '../../net/client-messages.ts';
import { readHotWords } from '../../text/read-words.ts';
import type { DefaultEndpointing } from '../dialect.ts';
import { type OpenaiError, requestError } from './openai-errors.ts';
import { defaultSettings, FORMATS, type RealtimeSettings, type RealtimeShape } from './realtime-settings.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Names of models with which OpenAI's service has no voice activity detection. */
const PAUSELESS = /^gpt-(realtime-whisper|live-transcribe)\b/;

/** Our own, which asked-for values are brought into. */
const { startThreshold: THRESHOLD, minSilenceMs: SILENCE_MS } = ENDPOINTING_RANGES;

/** An event of the client's that cannot be followed; the session goes on. */
export class RealtimeRefusal extends Error {
  override readonly name = 'RealtimeRefusal';
  readonly error: OpenaiError;

  constructor(error: OpenaiError) {
    super(error.message);
    this.error = error;
  }
}

/** What the server has to say about a session's settings. */
export interface UpdateTerms {
  readonly shape: RealtimeShape;
  readonly recognizers: ServedModels;
  readonly endpointing: DefaultEndpointing;
}

/**
 * Settings as an update changes them: what it does not name stays as it is.
 * @param session of the event.
 * @throws {RealtimeRefusal} that names the field at fault; nothing is changed then.
 */
export function updateSettings(
  before: RealtimeSettings,
  session: unknown,
  { shape, recognizers, endpointing }: UpdateTerms,
): RealtimeSettings {
  const fields = shape === 'beta' ? betaFields(session) : currentFields(session);
  const { format, transcription } = fields;
  const turnDetection =
    fields.turnDetection === undefined ? impliedTurns(transcription) : fields.turnDetection;

  return {
    ...before,
    ...(format !== undefined && { format: readFormat(format, fields.paths.format, shape) }),
    ...(isObject(transcription) && {
      ...readWanted(transcription, fields.paths.transcription, recognizers),
      ...(transcription.keywords !== undefined && {
        keywords: readKeywords(transcription.keywords, `${fields.paths.transcription}.keywords`),
      }),
    }),
    ...(turnDetection !== undefined &&
      readTurns(turnDetection, fields.paths.turnDetection, defaultSettings(shape, endpointing))),
  };
}

/** Where each shape has what counts. */
interface Asked {
  readonly format: unknown;
  readonly transcription: unknown;
  readonly turnDetection: unknown;
  readonly paths: Readonly<Record<'format' | 'transcription' | 'turnDetection', string>>;
}

function betaFields(value: unknown): Asked {
  const session = object(value, 'session');

  return {
    format: session.input_audio_format,
    transcription: session.input_audio_transcription,
    turnDetection: session.turn_detection,
    paths: {
      format: 'session.input_audio_format',
      transcription: 'session.input_audio_transcription',
      turnDetection: 'session.turn_detection',
    },
  };
}

function currentFields(value: unknown): Asked {
  const session = object(value, 'session');
  if (session.type !== undefined && session.type !== 'transcription')
    refuse('This server only transcribes: session.type has to be transcription.', 'session.type');
  const audio = session.audio === undefined ? {} : object(session.audio, 'session.audio');
  const input = audio.input === undefined ? {} : object(audio.input, 'session.audio.input');
  const format = input.format;
  if (isObject(format) && format.type === 'audio/pcm' && (format.rate ?? 24_000) !== 24_000)
    refuse('audio/pcm has to come at 24000 samples a second.', 'session.audio.input.format.rate');

  return {
    format: isObject(format) ? format.type : format,
    transcription: input.transcription,
    turnDetection: input.turn_detection,
    paths: {
      format: 'session.audio.input.format.type',
      transcription: 'session.audio.input.transcription',
      turnDetection: 'session.audio.input.turn_detection',
    },
  };
}

function readFormat(value: unknown, path: string, shape: RealtimeShape): string {
  const names = Object.keys(FORMATS[shape]);
  if (!names.includes(value as string)) refuse(`${path} has to be one of ${names.join(', ')}.`, path);

  return value as string;
}

/** Of several languages the first that the model knows; models of OpenAI's own are none here. */
function readWanted(
  { model: name, language, languages: asked }: Fields,
  path: string,
  recognizers: ServedModels,
): Pick<RealtimeSettings, 'model' | 'language'> {
  const model = recognizers.named(name);
  const tags = (Array.isArray(asked) ? asked : [language]).filter((tag) => (tag ?? '') !== '').map(String);
  const languages = model?.capabilities.languages ?? recognizers.languages;
  const known = tags.find((tag) => knowsLanguage(tag, languages)) ?? tags[0] ?? null;
  try {
    recognizers.choose({ model: model?.name, language: known });
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    refuse(error.message, `${path}.language`);
  }

  return { model: model?.name ?? null, language: known };
}

/** As many as a stream may have unless the server is set otherwise. */
const MAX_KEYWORDS = 500;

function readKeywords(value: unknown, path: string): readonly string[] {
  try {
    return readHotWords(value ?? [], MAX_KEYWORDS, path).map(({ text }) => text);
  } catch (error) {
    return refuse((error as Error).message, path);
  }
}

/** With models of theirs that find no pauses, clients end turns themselves, and need not say so. */
function impliedTurns(transcription: unknown): null | undefined {
  return isObject(transcription) && PAUSELESS.test(String(transcription.model)) ? null : undefined;
}

/** `semantic_vad` is taken for what there is. */
function readTurns(
  value: unknown,
  path: string,
  { threshold, silenceMs }: RealtimeSettings,
): Pick<RealtimeSettings, 'turns' | 'threshold' | 'silenceMs'> {
  if (value === null) return { turns: 'commit', threshold, silenceMs };
  const fields = object(value, path);
  if (fields.type !== undefined && fields.type !== 'server_vad' && fields.type !== 'semantic_vad')
    refuse(`${path}.type has to be server_vad or semantic_vad.`, `${path}.type`);

  return {
    turns: 'speech',
    threshold: within(fields, 'threshold', path, THRESHOLD) ?? threshold,
    silenceMs: Math.round(within(fields, 'silence_duration_ms', path, SILENCE_MS) ?? silenceMs),
  };
}

function within(
  fields: Fields,
  name: string,
  path: string,
  [least, most]: readonly [number, number],
): number | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number') refuse(`${path}.${name} has to be a number.`, `${path}.${name}`);

  return Math.min(most, Math.max(least, value as number));
}

function object(value: unknown, path: string): Fields {
  if (!isObject(value)) refuse(`${path} has to be an object.`, path);

  return value as Fields;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(message: string, path: string): never {
  throw new RealtimeRefusal(requestError(message, path));
}
