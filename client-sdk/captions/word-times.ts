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
    const place = placeOf(word, text, behind);
    if (!place) return [];
    behind = place.to;
    placed.push({ ...place, startMs, endMs });
  }

  return placed;
}

/** A mark may belong to a word that a blank parts it from. */
function placeOf(word: string, text: string, behind: number): Pick<PlacedWord, 'from' | 'to'> | null {
  for (let from = text.indexOf(word[0]!, behind); from >= 0; from = text.indexOf(word[0]!, from + 1)) {
    let to = from;
    let matched = 0;
    while (matched < word.length && to < text.length) {
      if (text[to] === word[matched]) matched++;
      else if (text[to] !== ' ') break;
      to++;
    }
    if (matched === word.length) return { from, to };
  }

  return null;
}
