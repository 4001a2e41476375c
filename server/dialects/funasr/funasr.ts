import { errorAnswer } from '../../net/http.ts';
import type { Dialect } from '../dialect.ts';
import { keyOf } from '../key-of.ts';
import { meetingOf } from '../meeting-of.ts';
import { FunasrConversation } from './conversation.ts';

/** What FunASR's Python client offers and awaits. */
const SUBPROTOCOL = 'binary';

/** The WebSocket of FunASR's real-time server (github.com/modelscope/FunASR, runtime/websocket/bin). */
export const FUNASR: Dialect = {
  name: 'funasr',
  path: '/funasr',
  greet: (request) => {
    const place = meetingOf(request.query);

    return {
      key: keyOf(request),
      subprotocol: request.offered.includes(SUBPROTOCOL) ? SUBPROTOCOL : '',
      converse: (parts) => new FunasrConversation(parts, place),
    };
  },
  refuse: errorAnswer,
};
