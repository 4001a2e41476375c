import { wordPieces } from '../../client-sdk/captions/words.ts';
import type { Endpoint } from '../../client-sdk/protocol.ts';
import type { Hypothesis } from '../../inference/recognizer.ts';
import type { TextPlace } from '../text/text-stage.ts';
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

const NOTHING_SHOWN: OpenCaption = { revision: -1, heard: '', text: '', stableChars: 0 };

type Ending = Extract<TranscriptEvent, { type: 'final' | 'lost' }>;

/** How what was heard is written for those who read it. */
export interface Writing {
  written(hypothesis: Hypothesis, place: TextPlace): Hypothesis;
  /** Characters of it that stay, if the model goes on to hear the first `agreed` characters of `hypothesis.text`. */
  settled(hypothesis: Hypothesis, agreed: number, continues: boolean): number;
}

const AS_HEARD: Writing = {
  written: (hypothesis) => hypothesis,
  settled: (_, agreed) => agreed,
};

/** The last partial of a segment that has not ended. */
interface OpenCaption {
  readonly revision: number;
  /** As the model gave it. */
  readonly heard: string;
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
  readonly #writing: Writing;
  #nextSegmentId: number;
  /** The newest that begins where the one before was cut. */
  #continuedId = -1;

  /** @param firstSegmentId all before it have ended. @param writing as it was heard when left out. */
  constructor(firstSegmentId = 0, writing: Writing = AS_HEARD) {
    this.#nextSegmentId = firstSegmentId;
    this.#writing = writing;
  }

  /** The first segment that has not ended: all before it are final or lost. */
  get nextSegmentId(): number {
    return this.#nextSegmentId;
  }

  /** Takes note that a segment was cut for its length: the next one goes on in the middle of what is said. */
  cut(segmentId: number): void {
    this.#continuedId = segmentId + 1;
  }

  /** Takes a snapshot's hypothesis. Nothing comes of one that is stale or changes nothing. */
  partial(range: SegmentRange, hypothesis: Hypothesis): readonly TranscriptEvent[] {
    const { segmentId, revision } = range;
    if (segmentId < this.#nextSegmentId || this.#waiting.has(segmentId)) return [];
    const before = this.#open.get(segmentId) ?? NOTHING_SHOWN;
    if (revision <= before.revision) return [];
    const continues = segmentId === this.#continuedId;
    const { text } = this.#writing.written(hypothesis, { endpoint: null, continues });
    const agreed = agreedPrefix(before.heard, hypothesis.text);
    const stableChars = this.#writing.settled(hypothesis, agreed, continues);
    this.#open.set(segmentId, { revision, heard: hypothesis.text, text, stableChars });
    if (text === before.text && stableChars === before.stableChars) return [];

    return [{ type: 'partial', range, text, stableChars }];
  }

  /** Takes a finished segment's hypothesis. */
  final(range: SegmentRange, endpoint: Endpoint, heard: Hypothesis): readonly TranscriptEvent[] {
    const continues = range.segmentId === this.#continuedId;
    const hypothesis = this.#writing.written(heard, { endpoint, continues });
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
