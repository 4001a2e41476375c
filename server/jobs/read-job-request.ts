import type { Caller } from '../admission/api-keys.ts';
import { CLASS_WEIGHTS, type PriorityClass } from '../admission/priority-class.ts';
import { StreamError } from '../errors.ts';
import type { ServedModels } from '../models/served-models.ts';
import { readControlMessage, type StartBounds } from '../net/client-messages.ts';
import { readHotWords } from '../text/read-words.ts';
import { readCallbackUrl } from './callback-address.ts';
import type { JobOptions } from './job.ts';

/** What whoever submits a recording asks for. */
export interface JobRequest {
  readonly options: JobOptions;
  readonly class: PriorityClass;
  readonly callback: URL | null;
  /** Where the recording is, where it is not sent along. */
  readonly url: string | null;
}

const CLASSES = Object.keys(CLASS_WEIGHTS) as PriorityClass[];
const FIELDS = [
  'file',
  'url',
  'language',
  'endpointing',
  'meeting',
  'speaker',
  'priority',
  'callback',
  'model',
  'hotWords',
  'mask',
  'numerals',
];

/**
 * Reads the fields of a form, or of a JSON object.
 * @throws {StreamError} that names the field at fault.
 */
export function readJobRequest(
  fields: Readonly<Record<string, unknown>>,
  caller: Caller,
  models: ServedModels,
  bounds: StartBounds,
): JobRequest {
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined)
    throw new StreamError('out-of-range', `There is no field ${JSON.stringify(unknown.slice(0, 40))}.`);
  const callback = text(fields, 'callback');

  return {
    options: readOptions(fields, models, bounds),
    class: readClass(text(fields, 'priority'), caller),
    callback: callback === null ? null : readCallbackUrl(callback),
    url: text(fields, 'url'),
  };
}

/** As a stream's `start` has them. */
function readOptions(
  fields: Readonly<Record<string, unknown>>,
  models: ServedModels,
  bounds: StartBounds,
): JobOptions {
  const { language, model, meeting, speaker } = fields;
  const start = readControlMessage(
    {
      ...{ type: 'start', sampleRate: 16_000, encoding: 'pcm_f32le' },
      ...{ language, model, meeting, speaker },
      endpointing: parsed(fields, 'endpointing', 'an object'),
      hotWords: parsed(fields, 'hotWords', 'a list of words'),
      mask: parsed(fields, 'mask', 'a list of words'),
      numerals: parsed(fields, 'numerals', 'true or false'),
    },
    bounds,
  );
  if (start.type !== 'start') throw new Error('What was to be read is a start message.');
  const { name, capabilities } = models.choose(start);
  if (start.hotWords && !capabilities.hotWords)
    throw new StreamError('out-of-range', `${name} listens for no hot words: leave hotWords out.`);

  return {
    language: start.language ?? null,
    model: start.model ?? null,
    endpointing: start.endpointing ?? null,
    meeting: start.meeting ?? null,
    speaker: start.speaker ?? null,
    ...(start.hotWords && { hotWords: readHotWords(start.hotWords, bounds.maxHotWords) }),
    ...(start.mask && { mask: start.mask }),
    ...(start.numerals && { numerals: true }),
  };
}

/** Of its key's class or a lower one. */
function readClass(name: string | null, { weight }: Caller): PriorityClass {
  const own = CLASSES.find((each) => CLASS_WEIGHTS[each] === weight) ?? 'standard';
  const asked = CLASSES.find((each) => each === (name ?? own));
  if (asked && CLASS_WEIGHTS[asked] <= CLASS_WEIGHTS[own]) return asked;
  const allowed = CLASSES.filter((each) => CLASS_WEIGHTS[each] <= CLASS_WEIGHTS[own]);
  throw new StreamError('out-of-range', `priority has to be ${allowed.join(' or ')}, or left out.`);
}

function text(fields: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = fields[name];
  if (value === undefined) return null;
  if (typeof value !== 'string') throw new StreamError('bad-message', `${name} has to be text.`);

  return value;
}

/** A value, or in a form its JSON text. @param kind what it has to be. */
function parsed(fields: Readonly<Record<string, unknown>>, name: string, kind: string): unknown {
  const value = fields[name];
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new StreamError('bad-message', `${name} has to be ${kind}, as JSON.`);
  }
}
