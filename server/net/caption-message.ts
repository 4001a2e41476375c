import type { ErrorMessage, FinalMessage, PartialMessage } from '../../client-sdk/protocol.ts';
import { StreamError } from '../errors.ts';
import { samplesToMs } from '../stream/sample-time.ts';
import type { TranscriptEvent } from '../stream/transcript.ts';
import { errorMessage } from './error-message.ts';

/** Whose caption it is, and of which model. */
export interface CaptionSource {
  readonly meeting: string;
  readonly streamId: string;
  readonly speaker: string;
  readonly language: string;
  /** `name@hash` of the recogniser. */
  readonly model: string;
}

/** A step of a transcript as readers are told; null when there is nothing to tell. */
export function captionMessage(
  event: TranscriptEvent,
  { meeting, streamId, speaker, language, model }: CaptionSource,
): PartialMessage | FinalMessage | ErrorMessage | null {
  const { segmentId, revision, startSample, endSample } = event.range;
  const captionId = `${streamId}:${segmentId}`;
  const startMs = samplesToMs(startSample);
  const endMs = samplesToMs(endSample);
  const fields = { meeting, streamId, speaker, captionId, segmentId, revision, startMs, endMs };
  if (event.type === 'lost') {
    return errorMessage(new StreamError('segment-lost', `From ${startMs} to ${endMs} ms.`), captionId);
  }
  if (event.type === 'partial') {
    return { type: 'partial', ...fields, text: event.text, stableChars: event.stableChars };
  }
  if (!event.visible) return null;
  const { text, meanLogProb, cut } = event.hypothesis;

  return {
    type: 'final',
    ...fields,
    text,
    endpoint: event.endpoint,
    ...(meanLogProb !== null && { confidence: Number(Math.exp(meanLogProb).toFixed(3)) }),
    ...(cut && { cut }),
    language,
    model,
  };
}
