import type { Config } from '../config/options.ts';
import { StreamError } from '../errors.ts';
import { readMeetingName, readName } from '../net/client-messages.ts';
import {
  type HttpAnswer,
  type HttpRoutes,
  jsonAnswer,
  type PostRequest,
  type PostRoutes,
} from '../net/http.ts';
import type { HttpGuard } from '../net/http-guard.ts';
import { readJson } from '../net/read-json.ts';
import { readHotWords, readMask } from './read-words.ts';
import type { Vocabularies, Vocabulary } from './vocabularies.ts';

/** What the routes work with. */
export interface VocabularyParts {
  readonly guard: HttpGuard;
  readonly vocabularies: Vocabularies;
  readonly config: Pick<Config, 'maxHotWords'>;
}

const PATH = '/v1/meetings/:meeting/vocabulary';
const MAX_BYTES = 65_536;
const FIELDS = ['hotWords', 'mask'];
const NO_CONTENT: HttpAnswer = { status: '204 No Content', contentType: '', body: '' };

/** A meeting's hot words and masked words: GET, PUT in place of those before, DELETE. */
export function vocabularyRoutes({ guard, vocabularies, config }: VocabularyParts): {
  readonly gets: HttpRoutes;
  readonly puts: PostRoutes;
  readonly deletes: HttpRoutes;
} {
  const put = async ({ params, body }: PostRequest): Promise<HttpAnswer> => {
    const meeting = readMeetingName(params[0]);
    const { fields, bytes } = await readJson(
      body,
      MAX_BYTES,
      'The body has to be a JSON object with hotWords or mask.',
    );
    vocabularies.set(meeting, readVocabulary(fields, config.maxHotWords), bytes);

    return NO_CONTENT;
  };

  return {
    gets: {
      [PATH]: guard.protect(({ params }) =>
        jsonAnswer('200 OK', vocabularies.get(readName(params[0], 'meeting'))),
      ),
    },
    puts: { [PATH]: guard.protect<PostRequest>(put) },
    deletes: {
      [PATH]: guard.protect(({ params }) => {
        vocabularies.delete(readName(params[0], 'meeting'));

        return NO_CONTENT;
      }),
    },
  };
}

/** @throws {StreamError} that names the field at fault. */
function readVocabulary(fields: Readonly<Record<string, unknown>>, maxHotWords: number): Vocabulary {
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined)
    throw new StreamError('out-of-range', `There is no field ${JSON.stringify(unknown.slice(0, 40))}.`);

  return {
    hotWords: readHotWords(fields.hotWords ?? [], maxHotWords),
    mask: readMask(fields.mask ?? []),
  };
}
