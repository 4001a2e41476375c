import type { CaptionTiming, ErrorMessage, FinalMessage, PartialMessage } from '../../client-sdk/protocol.ts';
import type { Hypothesis } from '../../inference/recognizer.ts';
import { StreamError } from '../errors.ts';
import type { HypothesisTiming } from '../stream/captioner.ts';
import { samplesToMs } from '../stream/sample-time.ts';
import type { TranscriptEvent } from '../stream/transcript.ts';
import { errorMessage } from './error-message.ts';

/** Whose caption it is, and of which model. */
export interface CaptionSource {
  readonly meeting: string;
  readonly streamId: string;
  readonly speaker: string;
  /** When it began to be spoken, in milliseconds since 1970. */
  readonly spokenAtMs: number;
  readonly language: string;
  /** `name@hash` of the recogniser. */
  readonly model: string;
}

/** Where a caption's time went, now that it is handed to the socket. */
export function captionTiming(
  { audioWaitMs, queueWaitMs, batchWaitMs, inferenceMs, answeredAtMs }: HypothesisTiming,
  nowMs: number,
): CaptionTiming {
  return { audioWaitMs, queueWaitMs, batchWaitMs, inferenceMs, sendWaitMs: nowMs - answeredAtMs };
}

/** The segment that a caption is of. @param captionId as captions have it. */
export function segmentOf(captionId: string): number {
  return Number(captionId.slice(captionId.lastIndexOf(':') + 1));
}

/** A step of a transcript as readers are told; null when there is nothing to tell. @param timing null to leave it out. */
export function captionMessage(
  event: TranscriptEvent,
  { meeting, streamId, speaker, spokenAtMs, language, model }: CaptionSource,
  timing: CaptionTiming | null = null,
): PartialMessage | FinalMessage | ErrorMessage | null {
  const { segmentId, revision, startSample, endSample } = event.range;
  const captionId = `${streamId}:${segmentId}`;
  const startMs = samplesToMs(startSample);
  const endMs = samplesToMs(endSample);
  const fields = {
    ...{ meeting, streamId, speaker, captionId, segmentId, revision, startMs, endMs, spokenAtMs },
    ...(timing && { timing: wholeMs(timing) }),
  };
  if (event.type === 'lost') {
    return errorMessage(new StreamError('segment-lost', `From ${startMs} to ${endMs} ms.`), captionId);
  }
  if (event.type === 'partial') {
    return { type: 'partial', ...fields, text: event.text, stableChars: event.stableChars };
  }
  if (!event.visible) return null;
  const { text, meanLogProb, cut, emotion, event: sound } = event.hypothesis;

  return {
    type: 'final',
    ...fields,
    text,
    endpoint: event.endpoint,
    ...(meanLogProb !== null && { confidence: Number(Math.exp(meanLogProb).toFixed(3)) }),
    ...(cut && { cut }),
    language,
    ...(emotion && { emotion }),
    ...(sound && { event: sound }),
    model,
  };
}

/** A final with the words that the model heard, where it tells them, at their places in the stream. */
export function withWords(final: FinalMessage, { words }: Pick<Hypothesis, 'words'>): FinalMessage {
  if (!words || words.length === 0) return final;
  // The last position of a model may reach beyond the audio.
  const inStream = (ms: number) => Math.min(final.endMs, final.startMs + Math.round(ms));

  return {
    ...final,
    words: words.map(({ text, startMs, endMs, confidence }) => ({
      text,
      startMs: inStream(startMs),
      endMs: inStream(endMs),
      ...(confidence !== undefined && { confidence: Number(confidence.toFixed(3)) }),
    })),
  };
}

function wholeMs({
  audioWaitMs,
  queueWaitMs,
  batchWaitMs,
  inferenceMs,
  sendWaitMs,
}: CaptionTiming): CaptionTiming {
  return {
    audioWaitMs: Math.round(audioWaitMs),
    queueWaitMs: Math.round(queueWaitMs),
    batchWaitMs: Math.round(batchWaitMs),
    inferenceMs: Math.round(inferenceMs),
    sendWaitMs: Math.round(sendWaitMs),
  };
}
