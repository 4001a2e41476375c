import { wordTimes } from '../../client-sdk/captions/word-times.ts';
import type { JobResult } from './job.ts';

/** What is marked while it is played. */
export interface Sentence {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
}

/** A caption, whose time is known. */
export interface Paragraph {
  readonly captionId: string;
  readonly startMs: number;
  /** At least one. Joined together they are the caption. */
  readonly sentences: readonly Sentence[];
}

/** Up to and with the marks that end one, quotation marks and brackets behind them, and the blank that follows. */
const SENTENCE = /.+?(?:[.!?…]+["'”’»)\]]*\s+(?=\S)|[。！？]+["'”’」』）]*(?=\S)|$)/gsu;

/** The captions of a recording. Where no times of words are known, those inside of a caption go by the share of its characters. */
export function paragraphsOf({ captions }: JobResult): readonly Paragraph[] {
  return captions
    .filter(({ text }) => text !== '')
    .map((caption) => {
      const { captionId, startMs, text } = caption;
      const { beginsAtMs, endsAtMs } = wordTimes(caption);
      const sentences = [...text.matchAll(SENTENCE)].map(({ 0: part, index }) => ({
        startMs: beginsAtMs(index),
        endMs: endsAtMs(index + part.length),
        text: part,
      }));

      return { captionId, startMs, sentences };
    });
}

/** The last sentence that has begun by then, which stays the one until the next; -1 before the first. */
export function sentenceAt(sentences: readonly Sentence[], atMs: number): number {
  let [from, to] = [0, sentences.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sentences[middle]!.startMs <= atMs) from = middle + 1;
    else to = middle;
  }

  return from - 1;
}
