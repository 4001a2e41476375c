import type { FinalMessage } from '../protocol.ts';

/** When the stretches of a caption are said, by where they stand in its text. In whole milliseconds, as the caption's own. */
export interface WordTimes {
  /** When what stands at a character, or first behind it, begins. @param char in UTF-16 units. */
  beginsAtMs(char: number): number;
  /** When what stands before a character ends. @param char in UTF-16 units. */
  endsAtMs(char: number): number;
}

interface PlacedWord {
  readonly from: number;
  readonly to: number;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * The times within a caption: those of its words where it has them, and otherwise its time shared out by characters. A
 * caption begins with its first word and ends with its last, whatever pauses are around them.
 */
export function wordTimes(caption: Pick<FinalMessage, 'text' | 'startMs' | 'endMs' | 'words'>): WordTimes {
  const { text, startMs, endMs } = caption;
  const placed = placeWords(caption);
  if (placed.length === 0) {
    const at = (char: number) => Math.round(startMs + ((endMs - startMs) * char) / text.length);

    return { beginsAtMs: at, endsAtMs: at };
  }

  return {
    beginsAtMs: (char) =>
      char <= placed[0]!.from ? startMs : (placed.find(({ to }) => to > char)?.startMs ?? endMs),
    endsAtMs: (char) =>
      char >= placed.at(-1)!.to ? endMs : (placed.findLast(({ from }) => from < char)?.endMs ?? startMs),
  };
}

/** Where each word stands. None of them where one is not to be found: the text is not theirs. */
function placeWords({ text, words = [] }: Pick<FinalMessage, 'text' | 'words'>): readonly PlacedWord[] {
  const placed: PlacedWord[] = [];
  let behind = 0;
  for (const { text: word, startMs, endMs } of words) {
    const from = text.indexOf(word, behind);
    if (from < 0) return [];
    behind = from + word.length;
    placed.push({ from, to: behind, startMs, endMs });
  }

  return placed;
}
