import type { Hypothesis } from '../../inference/recognizer.ts';
import { edited, editedWords } from './edit.ts';
import type { TextPlace, TextStage } from './text-stage.ts';

/** A hypothesis as it is to be read: each stage has what the one before it has made. Its tokens stay those of the model. */
export function written(hypothesis: Hypothesis, place: TextPlace, stages: readonly TextStage[]): Hypothesis {
  const { words: heard, ...rest } = hypothesis;
  let { text } = hypothesis;
  let words = heard ?? null;
  for (const stage of stages) {
    const edits = stage.edits(text, place);
    words = words && editedWords(words, text, edits);
    text = edited(text, edits);
  }
  if (text === hypothesis.text && words === (heard ?? null)) return hypothesis;

  return { ...rest, text, ...(words && { words }) };
}

/**
 * Characters at the beginning of what is read that stay as they are, if the model goes on to hear what it has heard so far.
 * @param heard the beginning that it is thought to go on to hear, in whole words.
 */
export function settledCharacters(
  heard: string,
  place: Pick<TextPlace, 'continues'>,
  stages: readonly TextStage[],
): number {
  let text = heard;
  for (const stage of stages) {
    const settled = stage.settled(text);
    const edits = stage.edits(text, { ...place, endpoint: null });
    text = edited(
      text.slice(0, settled),
      edits.filter(({ to }) => to <= settled),
    );
  }

  // Blanks belong to the word behind them.
  return text.trimEnd().length;
}

/** A stage that leaves alone what a later one has to find as it was said. */
export function sparing(later: TextStage, stage: TextStage): TextStage {
  return {
    edits: (text, place) => {
      const spared = later.edits(text, place);

      return stage
        .edits(text, place)
        .filter(({ from, to }) => !spared.some((each) => each.from < to && from < each.to));
    },
    settled: (text) => Math.min(stage.settled(text), later.settled(text)),
  };
}
