import { requestError } from './openai-errors.ts';
import { RealtimeRefusal } from './realtime-update.ts';

/** What a client may send. */
export type RealtimeClientEvent =
  | { readonly type: 'update'; readonly answer: string; readonly session: unknown }
  | { readonly type: 'append'; readonly audio: Uint8Array }
  | { readonly type: 'commit' | 'clear' };

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** Those of conversations, which this server has none of. */
const CONVERSATION = /^(conversation|response|output_audio_buffer)\./;

/** Reads the text of a message. @throws {RealtimeRefusal} */
export function parseEvent(text: string): Readonly<Record<string, unknown>> {
  try {
    const event = JSON.parse(text) as unknown;
    if (typeof event === 'object' && event !== null && !Array.isArray(event))
      return event as Readonly<Record<string, unknown>>;
  } catch {
    // Told below.
  }
  throw new RealtimeRefusal(requestError('An event has to be a JSON object.', null, 'invalid_event'));
}

/** What an event asks for. @throws {RealtimeRefusal} */
export function readEvent(
  event: Readonly<Record<string, unknown>>,
  shape: 'current' | 'beta',
): RealtimeClientEvent {
  const { type } = event as { readonly type?: unknown };
  if (typeof type !== 'string')
    throw new RealtimeRefusal(requestError("The 'type' field is missing.", 'type', 'invalid_event'));
  switch (type) {
    case 'session.update':
      return { type: 'update', answer: 'session.updated', session: event.session };
    case 'transcription_session.update':
      if (shape === 'current') throw wrongShape();

      return { type: 'update', answer: 'transcription_session.updated', session: event.session };
    case 'input_audio_buffer.append':
      return { type: 'append', audio: readAudio(event.audio) };
    case 'input_audio_buffer.commit':
      return { type: 'commit' };
    case 'input_audio_buffer.clear':
      return { type: 'clear' };
    default:
      throw unknownEvent(type);
  }
}

function readAudio(audio: unknown): Uint8Array {
  if (typeof audio !== 'string' || audio.length % 4 !== 0 || !BASE64.test(audio))
    throw new RealtimeRefusal(requestError('audio has to be text in base64.', 'audio'));

  return Buffer.from(audio, 'base64');
}

function wrongShape(): RealtimeRefusal {
  return new RealtimeRefusal(
    requestError(
      'transcription_session.update is of the beta interface: connect with the header "OpenAI-Beta: realtime=v1", or send session.update.',
      'type',
    ),
  );
}

function unknownEvent(type: string): RealtimeRefusal {
  const message = CONVERSATION.test(type)
    ? 'This server only transcribes: it holds no conversations.'
    : 'The event is unknown. Known are session.update, transcription_session.update (beta), input_audio_buffer.append, input_audio_buffer.commit and input_audio_buffer.clear.';

  return new RealtimeRefusal(requestError(message, 'type'));
}
