import type { Hypothesis } from '../../inference/recognizer.ts';
import { edited, editedWords } from './edit.ts';
import type { TextPlace, TextStage } from './text-stage.ts';

/** A hypothesis as it is to be read: each stage has what the one before it has made. Its tokens stay those of the model. */
export function written(hypothesis: Hypothesis, place: TextPlace, stages: readonly TextStage[]): Hypothesis {
  let { text, words } = hypothesis;
  for (const stage of stages) {
    const edits = stage.edits(text, place);
    if (edits.length === 0) continue;
    words = words && editedWords(words, text, edits);
    text = edited(text, edits);
  }

  return text === hypothesis.text ? hypothesis : { ...hypothesis, text, ...(words && { words }) };
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
