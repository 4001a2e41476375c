import { randomUUID } from 'node:crypto';
import { joinCaptions } from '../../../client-sdk/captions/join-captions.ts';
import type { FinalMessage } from '../../../client-sdk/protocol.ts';
import { metadataMessage, type ResultMetadata, type StreamSummary } from './messages.ts';
import { type Alternative, asAlternative, type TranscriptForm } from './transcript-form.ts';

/** How a recording's transcript is told. */
export interface AnswerOptions {
  readonly form: TranscriptForm;
  /** Whether each caption is told by itself, too. */
  readonly utterances: boolean;
  readonly tags: readonly string[];
  readonly summary: StreamSummary;
  readonly metadata: ResultMetadata;
}

/** A recording's transcript as Deepgram answers it. */
export function recordingAnswer(
  finals: readonly FinalMessage[],
  { form, utterances, tags, summary, metadata }: AnswerOptions,
): object {
  const spoken = finals
    .map((final) => ({
      startMs: final.startMs,
      endMs: final.endMs,
      alternative: asAlternative({ ...final, confidence: final.confidence ?? null }, form),
    }))
    .filter(({ alternative }) => alternative.transcript !== '');
  const { type: _, ...told } = metadataMessage(summary, metadata) as { readonly type: string };

  return {
    metadata: { ...told, ...(tags.length > 0 && { tags }) },
    results: {
      channels: [{ alternatives: [join(spoken.map(({ alternative }) => alternative))] }],
      ...(utterances && {
        utterances: spoken.map(({ startMs, endMs, alternative }) => ({
          start: startMs / 1000,
          end: endMs / 1000,
          ...alternative,
          channel: 0,
          id: randomUUID(),
        })),
      }),
    },
  };
}

/** The confidence of all is the mean of those of the words. */
function join(alternatives: readonly Alternative[]): Alternative {
  const words = alternatives.flatMap((alternative) => alternative.words);
  const sum = words.reduce((total, { confidence }) => total + confidence, 0);

  return {
    transcript: joinCaptions(alternatives.map(({ transcript }) => transcript)),
    confidence: words.length === 0 ? 0 : Number((sum / words.length).toFixed(3)),
    words,
  };
}
