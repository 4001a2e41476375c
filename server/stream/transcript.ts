import { wordPieces } from '../../client-sdk/captions/words.ts';
import type { Endpoint } from '../../client-sdk/protocol.ts';
import type { Hypothesis } from '../../inference/recognizer.ts';
import type { SegmentRange } from './segmenter.ts';

/** One step of a stream's transcript. */
export type TranscriptEvent =
  | {
      readonly type: 'partial';
      readonly range: SegmentRange;
      readonly text: string;
      readonly stableChars: number;
    }
  | {
      readonly type: 'final';
      readonly range: SegmentRange;
      readonly endpoint: Endpoint;
      readonly hypothesis: Hypothesis;
      /** False when the model heard nothing and no partial has to be taken back. */
      readonly visible: boolean;
    }
  | { readonly type: 'lost'; readonly range: SegmentRange };

type Ending = Extract<TranscriptEvent, { type: 'final' | 'lost' }>;

/** The last partial of a segment that has not ended. */
interface OpenCaption {
  readonly revision: number;
  /** '' until one said something. */
  readonly text: string;
  readonly stableChars: number;
}

/**
 * Turns the hypotheses of one stream into an ordered sequence of events. Partials are taken in the order of their
 * revisions, stale ones dropped; finals come out in the order of their segments, each once, whatever the order in
 * which threads finish them.
 */
export class Transcript {
  /** By segment. */
  readonly #open = new Map<number, OpenCaption>();
  /** Ended segments that wait for an earlier one; as many as the scheduler holds finals of a stream. */
  readonly #waiting = new Map<number, Ending>();
  #nextSegmentId: number;

  /** @param firstSegmentId all before it have ended. */
  constructor(firstSegmentId = 0) {
    this.#nextSegmentId = firstSegmentId;
  }

  /** The first segment that has not ended: all before it are final or lost. */
  get nextSegmentId(): number {
    return this.#nextSegmentId;
  }

  /** Takes a snapshot's hypothesis. Nothing comes of one that is stale or changes nothing. */
  partial(range: SegmentRange, { text }: Hypothesis): readonly TranscriptEvent[] {
    const { segmentId, revision } = range;
    if (segmentId < this.#nextSegmentId || this.#waiting.has(segmentId)) return [];
    const before = this.#open.get(segmentId) ?? { revision: -1, text: '', stableChars: 0 };
    if (revision <= before.revision) return [];
    const stableChars = agreedPrefix(before.text, text);
    this.#open.set(segmentId, { revision, text, stableChars });
    if (text === before.text && stableChars === before.stableChars) return [];

    return [{ type: 'partial', range, text, stableChars }];
  }

  /** Takes a finished segment's hypothesis. */
  final(range: SegmentRange, endpoint: Endpoint, hypothesis: Hypothesis): readonly TranscriptEvent[] {
    const shown = this.#open.get(range.segmentId)?.text ?? '';

    return this.#end({
      type: 'final',
      range,
      endpoint,
      hypothesis,
      visible: hypothesis.text !== '' || shown !== '',
    });
  }

  /** Takes note that a finished segment could not be decoded. */
  lost(range: SegmentRange): readonly TranscriptEvent[] {
    return this.#end({ type: 'lost', range });
  }

  #end(ending: Ending): readonly TranscriptEvent[] {
    const { segmentId } = ending.range;
    if (segmentId < this.#nextSegmentId || this.#waiting.has(segmentId)) return [];
    this.#waiting.set(segmentId, ending);
    this.#open.delete(segmentId);
    const events: TranscriptEvent[] = [];
    for (;;) {
      const next = this.#waiting.get(this.#nextSegmentId);
      if (!next) return events;
      this.#waiting.delete(this.#nextSegmentId++);
      events.push(next);
    }
  }
}

/**
 * Characters of `text` that a partial before it agreed on, in whole words: local agreement of two successive
 * hypotheses (Liu, Spanakis and Niehues, "Low-latency sequence-to-sequence speech recognition", 2020).
 */
function agreedPrefix(before: string, text: string): number {
  const old = wordPieces(before);
  let agreed = 0;
  for (const [i, piece] of wordPieces(text).entries()) {
    if (piece !== old[i]) break;
    agreed += piece.length;
  }

  return agreed;
}
