import { wordPieces } from './words.ts';

/** Words at the end of a hypothesis that are not shown until more was heard, unless two hypotheses agreed on them. */
const HELD_WORDS = 2;
/**
 * Words that are shown beyond those that two hypotheses agreed on. Measured on 44 clips with a partial every 500 to 1000 ms, in
 * words taken back for each final one: 1.26 with everything shown, 0.24 with one word beyond, 0.19 with none, 0.33 with any
 * number and two held back.
 */
const AHEAD_WORDS = 1;

/** Marks behind the last word that come and go while somebody speaks on. */
const LOOSE_MARKS = /[.,;:!?…、。，．：；！？—–-]+$/u;

/**
 * Decides how much of a caption that is still being spoken is shown, so that little of it has to be taken back: hardly more
 * than two hypotheses agree on, the last words being held back, which change most often (N. Arivazhagan et al.,
 * "Re-translation versus streaming for simultaneous translation", 2020); and what stands on the screen stays until two
 * hypotheses agree on something else. Finals are shown as they are. One for each caption, or one for a speaker whose captions follow one another.
 */
export class SteadyText {
  #captionId: string | null = null;
  #shown: readonly string[] = [];

  /**
   * @param stableChars characters at the beginning of `text` that successive hypotheses agreed on.
   * @returns what to show.
   */
  partial(captionId: string, text: string, stableChars: number): string {
    if (captionId !== this.#captionId) this.#begin(captionId);
    const words = wordPieces(text.trimStart());
    const agreed = wordPieces(text.slice(0, stableChars).trimStart()).length;
    const known = Math.min(Math.max(agreed, words.length - HELD_WORDS), agreed + AHEAD_WORDS);
    if (contradicts(words.slice(0, agreed), this.#shown))
      this.#shown = looseEnd(words.slice(0, known), agreed);
    else if (extendsWords(words, this.#shown, known)) this.#shown = looseEnd(words.slice(0, known), agreed);

    return this.#shown.join('');
  }

  /** @returns the whole text. */
  final(captionId: string, text: string): string {
    if (captionId === this.#captionId) this.#captionId = null;

    return text;
  }

  #begin(captionId: string): void {
    this.#captionId = captionId;
    this.#shown = [];
  }
}

/** Whether what was agreed on is something else than what is shown. */
function contradicts(agreed: readonly string[], shown: readonly string[]): boolean {
  return agreed.some((word, i) => i < shown.length && !isSame(word, shown[i]!, i === shown.length - 1));
}

/** Whether a hypothesis goes on where what is shown ends. */
function extendsWords(words: readonly string[], shown: readonly string[], known: number): boolean {
  if (known < shown.length) return false;

  return shown.every((word, i) => isSame(words[i]!, word, i === shown.length - 1));
}

function isSame(word: string, shown: string, isLast: boolean): boolean {
  return word === shown || (isLast && word.replace(LOOSE_MARKS, '') === shown.replace(LOOSE_MARKS, ''));
}

/** The last word without its marks, unless it was agreed on with them. */
function looseEnd(words: readonly string[], agreed: number): readonly string[] {
  if (words.length <= agreed) return words;
  const last = words.at(-1)!.replace(LOOSE_MARKS, '');

  return last.trim() === '' ? words.slice(0, -1) : [...words.slice(0, -1), last];
}
