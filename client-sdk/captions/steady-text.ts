/** Words at the end of a hypothesis that are not shown until more was heard, unless two hypotheses agreed on them. */
const HELD_WORDS = 1;

/** Marks behind the last word that come and go while somebody speaks on. */
const LOOSE_MARKS = /[.,;:!?…、。，．：；！？—–-]+$/u;

/**
 * Decides how much of a caption that is still being spoken is shown, so that little of it has to be taken back: the last
 * words of a hypothesis, which change most often, are held back (N. Arivazhagan et al., "Re-translation versus streaming
 * for simultaneous translation", 2020), and what stands on the screen stays until two hypotheses have agreed on something
 * else. Finals are shown as they are. One for each caption, or one for a speaker whose captions follow one another.
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
    const words = wordsOf(text);
    const agreed = wordsOf(text.slice(0, stableChars)).length;
    const known = Math.max(agreed, words.length - HELD_WORDS);
    if (contradicts(words.slice(0, agreed), this.#shown))
      this.#shown = looseEnd(words.slice(0, known), agreed);
    else if (extendsWords(words, this.#shown, known)) this.#shown = looseEnd(words.slice(0, known), agreed);

    return this.#shown.join(' ');
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

  return last === '' ? words.slice(0, -1) : [...words.slice(0, -1), last];
}

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}
