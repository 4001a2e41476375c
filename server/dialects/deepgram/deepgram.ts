import { randomUUID } from 'node:crypto';
import type { Dialect } from '../dialect.ts';
import { presentedToken } from './credentials.ts';
import { refusal } from './faults.ts';
import { ListenConversation } from './listen-conversation.ts';
import { readListenParameters } from './parameters.ts';

/**
 * Deepgram's live transcription, version 1, for its clients: `/v1/listen` as a WebSocket. `docs/dialects/deepgram.md` has
 * what is done and what is not.
 */
export const DEEPGRAM: Dialect = {
  name: 'deepgram',
  path: '/v1/listen',
  greet: ({ query, authorization, offered }) => {
    const parameters = readListenParameters(query);
    const requestId = randomUUID();

    return {
      ...presentedToken(authorization, offered),
      headers: { 'dg-request-id': requestId },
      converse: (parts) => new ListenConversation(parameters, requestId, parts),
    };
  },
  refuse: refusal,
};
