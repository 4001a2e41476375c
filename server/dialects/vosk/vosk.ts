import { errorAnswer } from '../../net/http.ts';
import type { Dialect } from '../dialect.ts';
import { keyOf } from '../key-of.ts';
import { meetingOf } from '../meeting-of.ts';
import { VoskConversation } from './conversation.ts';

/** The WebSocket of Vosk's server (github.com/alphacep/vosk-server, websocket/asr_server.py). */
export const VOSK: Dialect = {
  name: 'vosk',
  path: '/vosk',
  greet: (request) => {
    const place = meetingOf(request.query);

    return {
      key: keyOf(request),
      subprotocol: '',
      converse: (parts) => new VoskConversation(parts, place),
    };
  },
  refuse: errorAnswer,
};
