import { presentedKey } from '../../admission/credentials.ts';
import { StreamError } from '../../errors.ts';
import type { Dialect, DialectRequest } from '../dialect.ts';
import { meetingOf } from '../meeting-of.ts';
import { openaiErrorAnswer } from './openai-errors.ts';
import { RealtimeConversation } from './realtime-conversation.ts';

const SUBPROTOCOL = 'realtime';
const BETA_SUBPROTOCOL = 'openai-beta.realtime-v1';
const KEY_SUBPROTOCOL = 'openai-insecure-api-key.';

/** OpenAI's Realtime interface, for transcription. */
export const OPENAI_REALTIME: Dialect = {
  name: 'openai',
  path: '/v1/realtime',
  greet: (request) => {
    const { query, offered, openaiBeta } = request;
    if (query.has('call_id')) throw new StreamError('bad-message', 'This server has no calls.');
    const shape =
      offered.includes(BETA_SUBPROTOCOL) || /\brealtime=v1\b/.test(openaiBeta) ? 'beta' : 'current';
    const place = meetingOf(query);

    return {
      key: keyOf(request),
      subprotocol: [SUBPROTOCOL, BETA_SUBPROTOCOL].find((name) => offered.includes(name)) ?? '',
      converse: (parts) => new RealtimeConversation(parts, { shape, place }),
    };
  },
  refuse: openaiErrorAnswer,
};

function keyOf({ authorization, offered, query }: DialectRequest): string | null {
  const subprotocol = offered.find((name) => name.startsWith(KEY_SUBPROTOCOL));

  return (
    presentedKey(authorization, '') ?? subprotocol?.slice(KEY_SUBPROTOCOL.length) ?? query.get('key') ?? null
  );
}
