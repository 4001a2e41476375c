import { blankBetween } from '../../../client-sdk/captions/join-captions.ts';
import type { FinalMessage } from '../../../client-sdk/protocol.ts';
import type { Caller } from '../../admission/api-keys.ts';
import type { Config } from '../../config/options.ts';
import { StreamError } from '../../errors.ts';
import { asStreamError } from '../../net/error-message.ts';
import type { HttpAnswer, PostRequest, StreamedAnswer } from '../../net/http.ts';
import { ClientGoneError } from '../../net/request-body.ts';
import type { ResponseBody } from '../../net/response-body.ts';
import type { CaptionedRecording } from '../../session/caption-recording.ts';
import { type CaptionUploadOptions, captionUpload } from '../../upload/caption-upload.ts';
import type { Upload } from '../../upload/upload.ts';
import type { UploadObserver, Uploads } from '../../upload/uploads.ts';
import { meetingOf } from '../meeting-of.ts';
import type { ModelSource } from './models.ts';
import { openaiError } from './openai-errors.ts';
import { books, textOf, transcriptionAnswer } from './transcription-answer.ts';
import { readTranscriptionForm, type TranscriptionRequest } from './transcription-form.ts';

/** What transcriptions are made with. */
export interface TranscriptionParts {
  readonly lobby: CaptionUploadOptions['lobby'] & ModelSource;
  readonly uploads: Pick<Uploads, 'form'>;
  readonly config: Pick<Config, 'maxRecordingMs'>;
}

/** A transcription under way, and what has come of it. */
interface Work {
  readonly result: Promise<CaptionedRecording>;
  readonly finals: readonly FinalMessage[];
  /** Called with each further caption. */
  onFinal: (final: FinalMessage) => void;
}

/**
 * Transcribes the file of a form. The answer of one that is streamed begins with its first words, so that what goes wrong
 * before has a status of its own.
 * @throws {StreamError} as which the request is answered.
 */
export async function transcribe(
  parts: TranscriptionParts,
  request: PostRequest,
  caller: Caller,
): Promise<HttpAnswer | StreamedAnswer> {
  const place = meetingOf(request.query);
  const upload = await parts.uploads.form(request, 'file', caller.name);
  const wanted = await readForm(upload);
  const { endpointing, hotWords } = wanted;
  const start = {
    ...{ ...place, ...parts.lobby.recognizers.known(wanted), endpointing },
    ...(hotWords.length > 0 && { hotWords }),
  };
  const { signal } = request;
  const { maxRecordingMs } = parts.config;
  const work = begin((onFinal) =>
    captionUpload({ upload, lobby: parts.lobby, caller, start, signal, maxRecordingMs, onFinal }),
  );

  return wanted.isStreamed ? streamed(work, parts.lobby) : transcriptionAnswer(await work.result, wanted);
}

async function readForm(upload: Upload): Promise<TranscriptionRequest> {
  try {
    return readTranscriptionForm(upload.fields);
  } catch (error) {
    await upload.remove();
    throw error;
  }
}

function begin(caption: (onFinal: (final: FinalMessage) => void) => Promise<CaptionedRecording>): Work {
  const finals: FinalMessage[] = [];
  const work: Work = {
    finals,
    onFinal: () => {},
    result: caption((final) => {
      finals.push(final);
      work.onFinal(final);
    }),
  };

  return work;
}

/**
 * Server-sent events: a delta for each caption, and all of the text.
 * @param observer hears what goes wrong behind the first caption and has no name; the rest it has heard of.
 * @throws what goes wrong before the first.
 */
async function streamed(work: Work, observer: UploadObserver): Promise<StreamedAnswer> {
  const first = new Promise<void>((resolve) => {
    work.onFinal = () => resolve();
  });
  await Promise.race([work.result, first]);

  return {
    contentType: 'text/event-stream; charset=utf-8',
    // Some proxies gather what they pass on unless they are told.
    headers: { 'x-accel-buffering': 'no' },
    stream: (body) => {
      let before = '';
      const tell = (final: FinalMessage) => {
        if (final.text === '') return;
        const delta = blankBetween(before, final.text) + final.text;
        before = final.text;
        send(body, { type: 'transcript.text.delta', delta });
      };
      work.finals.forEach(tell);
      work.onFinal = tell;
      void work.result
        .then(
          ({ finals, done }) =>
            send(body, { type: 'transcript.text.done', text: textOf(finals), ...books(done) }),
          (error: unknown) => {
            if (!(error instanceof StreamError || error instanceof ClientGoneError))
              observer.error('internal', error);
            send(body, { error: openaiError(asStreamError(error)) });
          },
        )
        .finally(() => body.end());
    },
  };
}

function send(body: ResponseBody, event: object): void {
  body.write(`data: ${JSON.stringify(event)}\n\n`);
}
