import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { forgetfulRecorder, type Recorder } from './records.ts';
import {
  type CaptionPlace,
  comparePlaces,
  type TranscriptQuery,
  type TranscriptSource,
} from './transcript-source.ts';

/** Some tens of megabytes: about a hundred hours of speech. */
const MAX_CAPTIONS = 50_000;

/** Finals in memory, those forgotten first that came first; gone with the process. */
export class MemoryTranscripts implements TranscriptSource {
  /** What streams keep their finals with; they cannot be taken up by another process. */
  readonly recorder: Recorder = { ...forgetfulRecorder, final: (caption) => this.#keep(caption) };
  readonly #maxCaptions: number;
  /** By id, those that came first in front. */
  readonly #captions = new Map<string, FinalMessage>();
  /** By meeting, ordered by place. */
  readonly #meetings = new Map<string, FinalMessage[]>();

  /** @param maxCaptions of all meetings. */
  constructor(maxCaptions = MAX_CAPTIONS) {
    this.#maxCaptions = maxCaptions;
  }

  finals(
    meeting: string,
    { limit, sinceMs = Number.NEGATIVE_INFINITY, before }: TranscriptQuery,
  ): Promise<{ readonly captions: readonly FinalMessage[]; readonly more: boolean }> {
    const all = this.#meetings.get(meeting) ?? [];
    const first = indexOf(all, { spokenAtMs: sinceMs, captionId: '' });
    const end = Math.max(first, before ? indexOf(all, before) : all.length);
    const from = Math.max(first, end - limit);

    return Promise.resolve({ captions: all.slice(from, end), more: from > first });
  }

  #keep(caption: FinalMessage): void {
    this.#remove(caption.captionId);
    if (caption.text === '') return;
    this.#captions.set(caption.captionId, caption);
    const captions = this.#meetings.get(caption.meeting) ?? [];
    captions.splice(indexOf(captions, caption), 0, caption);
    this.#meetings.set(caption.meeting, captions);
    if (this.#captions.size > this.#maxCaptions) this.#remove(this.#captions.keys().next().value!);
  }

  #remove(captionId: string): void {
    const caption = this.#captions.get(captionId);
    if (!caption) return;
    this.#captions.delete(captionId);
    const captions = this.#meetings.get(caption.meeting)!;
    captions.splice(indexOf(captions, caption), 1);
    if (captions.length === 0) this.#meetings.delete(caption.meeting);
  }
}

/** Of the first caption that is at a place or behind it. */
function indexOf(captions: readonly FinalMessage[], place: CaptionPlace): number {
  let [low, high] = [0, captions.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePlaces(captions[middle]!, place) < 0) low = middle + 1;
    else high = middle;
  }

  return low;
}
