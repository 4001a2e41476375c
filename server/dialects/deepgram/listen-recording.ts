import { createHash, type Hash, randomUUID } from 'node:crypto';
import type { StartMessage } from '../../../client-sdk/protocol.ts';
import type { Caller } from '../../admission/api-keys.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { StreamError } from '../../errors.ts';
import { type HttpAnswer, jsonAnswer, type PostRequest, type PostRoutes } from '../../net/http.ts';
import type { PostParts } from '../../post-routes.ts';
import { captionUpload } from '../../upload/caption-upload.ts';
import { meetingOf } from '../meeting-of.ts';
import { presentedToken } from './credentials.ts';
import { refusal } from './faults.ts';
import { resultMetadata } from './messages.ts';
import {
  type AudioFormat,
  flag,
  isRawEncoding,
  readExtra,
  readForm,
  readFormat,
  readWanted,
  readWords,
  refuseCallback,
  requireMixable,
  type WordWishes,
} from './parameters.ts';
import { withHead } from './raw-recording.ts';
import { recordingAnswer } from './recording-answer.ts';
import type { TranscriptForm } from './transcript-form.ts';

/** What the address of a recording asks for. */
interface RecordingParameters {
  /** Null for a file that says itself what it is. */
  readonly format: AudioFormat | null;
  readonly multichannel: boolean;
  /** As it was asked for, which need not be served. */
  readonly model: string | null;
  readonly language: string | null;
  readonly place: Pick<StartMessage, 'meeting' | 'speaker'>;
  readonly words: WordWishes;
  readonly form: TranscriptForm;
  readonly utterances: boolean;
  readonly tags: readonly string[];
  readonly extra: Readonly<Record<string, string>>;
}

/** Deepgram's POST of a recording, whose body is the file. */
export function deepgramPosts(parts: PostParts, clock: Clock = systemClock): PostRoutes {
  const route = (request: PostRequest, caller: Caller) => transcribe(parts, clock, request, caller);

  return {
    '/v1/listen': parts.guard.protect<PostRequest>(route, {
      keyOf: ({ headers }) => presentedToken(headers.authorization, []).key,
      tell: refusal,
    }),
  };
}

/** @throws {StreamError} @throws {ClientGoneError} */
async function transcribe(
  { lobby, uploads, config }: PostParts,
  clock: Clock,
  request: PostRequest,
  caller: Caller,
): Promise<HttpAnswer> {
  const requestId = randomUUID();
  const createdEpochMs = clock.epochMs();
  const { format, multichannel, model, language, place, words, ...told } = readParameters(request.query);
  if (/^application\/json\b/i.test(request.headers['content-type']))
    throw new StreamError(
      'bad-message',
      'This server fetches nothing: send the recording itself as the body.',
    );
  // Asked now: nobody is told once the server stops.
  const wanted = lobby.recognizers.known({ model, language });
  const metadata = resultMetadata(requestId, lobby.recognizers.choose(wanted), told.extra);
  const sha256 = createHash('sha256');
  const body = hashed(request.body, sha256);
  const upload = await uploads.body(
    { ...request, body: format ? withHead(body, format) : body },
    caller.name,
  );
  const { finals, done } = await captionUpload({
    ...{ upload, lobby, caller, signal: request.signal, maxRecordingMs: config.maxRecordingMs },
    start: { ...place, ...words, ...wanted },
    inspect: ({ channels }) => requireMixable(channels ?? 1, multichannel),
  });
  const summary = {
    ...{ sha256: sha256.digest('hex'), createdEpochMs },
    ...{ durationMs: done.receivedMs, channels: 1 },
  };

  return {
    ...jsonAnswer('200 OK', recordingAnswer(finals, { ...told, summary, metadata })),
    headers: { 'dg-request-id': requestId },
  };
}

/** @throws {StreamError} that names the parameter at fault. */
function readParameters(query: URLSearchParams): RecordingParameters {
  refuseCallback(query);

  return {
    // Files in other encodings say so themselves.
    format: isRawEncoding(query.get('encoding')) ? readFormat(query) : null,
    multichannel: flag(query, 'multichannel'),
    ...readWanted(query),
    place: meetingOf(query),
    words: readWords(query),
    form: readForm(query),
    utterances: flag(query, 'utterances'),
    tags: query.getAll('tag'),
    extra: readExtra(query),
  };
}

async function* hashed(
  body: AsyncIterable<Uint8Array>,
  hash: Hash,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of body) {
    hash.update(piece);
    yield piece;
  }
}
