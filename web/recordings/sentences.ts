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

/** The captions of a recording. Times inside of a caption go by the share of its characters: the models tell none. */
export function paragraphsOf({ captions }: JobResult): readonly Paragraph[] {
  return captions
    .filter(({ text }) => text !== '')
    .map(({ captionId, startMs, endMs, text }) => {
      const at = (char: number) => Math.round(startMs + ((endMs - startMs) * char) / text.length);
      const sentences = [...text.matchAll(SENTENCE)].map(({ 0: part, index }) => ({
        startMs: at(index),
        endMs: at(index + part.length),
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
