import { type Atom, atomsOf, joinAtoms } from './atoms.ts';
import { CUE_LIMITS, type CueLimits } from './layout.ts';
import { SteadyText } from './steady-text.ts';
import { displayWidth } from './width.ts';

/** A line on the screen. */
export interface LiveLine {
  readonly captionId: string;
  /** Who speaks, where the line is the first of somebody else's; null in the other lines. */
  readonly speaker: string | null;
  readonly text: string;
  /** Characters at its beginning that hypotheses agreed on; all of a final. */
  readonly stableChars: number;
}

/** What a partial or a final says; messages of the protocol have the same fields. */
export interface SpokenText {
  readonly captionId: string;
  /** Left out where names are not shown. */
  readonly speaker?: string;
  readonly text: string;
}

interface LiveCaption {
  readonly captionId: string;
  readonly speaker: string | null;
  readonly isFinal: boolean;
  readonly lines: readonly LiveLine[];
  readonly steady: SteadyText;
}

/** Columns of `: ` behind a name. */
const NAME_MARK_COLUMNS = 2;

/**
 * Live captions as roll-up: a line is filled from its beginning, so that what stands in it does not move while words are
 * added behind; when the last line is full all move up by one, and never back. Text is shown as `SteadyText` has it.
 * Holds the captions that are on the screen and those that are not final, and no others.
 */
export class LiveCue {
  readonly #limits: CueLimits;
  #captions: readonly LiveCaption[] = [];
  /** Lines of `#captions` that have moved out at the top. */
  #gone = 0;
  #speaker: string | null = null;

  constructor(limits: Partial<CueLimits> = {}) {
    this.#limits = { ...CUE_LIMITS, ...limits };
  }

  /** At most `maxLines`, the newest last. */
  get lines(): readonly LiveLine[] {
    return this.#captions.flatMap(({ lines }) => lines).slice(this.#gone, this.#gone + this.#limits.maxLines);
  }

  /** The caption so far. One of a caption that is final changes nothing. @param stableChars as in the protocol. */
  partial(said: SpokenText & { readonly stableChars: number }): void {
    const before = this.#find(said.captionId);
    if (before?.isFinal) return;
    const steady = before?.steady ?? new SteadyText();
    const text = steady.partial(said.captionId, said.text, said.stableChars);
    const stableChars = text.startsWith(said.text.slice(0, said.stableChars)) ? said.stableChars : 0;
    this.#put(said, text, stableChars, false, steady);
  }

  /** A caption that will not change; an empty one takes back what was shown of it. */
  final(said: SpokenText): void {
    const before = this.#find(said.captionId);
    if (before?.isFinal) return;
    this.#put(said, said.text, said.text.length, true, before?.steady ?? new SteadyText());
  }

  /** Empties the screen. Captions that are being spoken come again with their next partial. */
  clear(): void {
    this.#captions = [];
    this.#gone = 0;
    this.#speaker = null;
  }

  #find(captionId: string): LiveCaption | undefined {
    return this.#captions.find((caption) => caption.captionId === captionId);
  }

  #put(
    { captionId, speaker }: SpokenText,
    text: string,
    stableChars: number,
    isFinal: boolean,
    steady: SteadyText,
  ): void {
    const before = this.#find(captionId);
    const name = before ? before.speaker : this.#nameFor(speaker);
    const lines = this.#fill(captionId, name, text, stableChars);
    const caption: LiveCaption = { captionId, speaker: name, isFinal, lines, steady };
    this.#captions = before
      ? this.#captions.map((each) => (each === before ? caption : each))
      : [...this.#captions, caption];
    const count = this.#captions.reduce((sum, each) => sum + each.lines.length, 0);
    // A caption that has become shorter does not move lines back, but does not leave the screen empty either.
    this.#gone = Math.min(Math.max(this.#gone, count - this.#limits.maxLines), Math.max(0, count - 1));
    this.#forget();
  }

  /** Null where the name stands above already. */
  #nameFor(speaker: string | undefined): string | null {
    if (speaker === undefined || speaker === this.#speaker) return null;
    this.#speaker = speaker;

    return speaker;
  }

  #fill(captionId: string, speaker: string | null, text: string, stableChars: number): LiveLine[] {
    const { maxChars } = this.#limits;
    const nameColumns = speaker === null ? 0 : displayWidth(speaker) + NAME_MARK_COLUMNS;
    const atoms = atomsOf(text, maxChars);
    const lines: LiveLine[] = [];
    for (let from = 0; from < atoms.length; ) {
      const isFirst = lines.length === 0;
      const to = fillLine(atoms, from, isFirst ? maxChars - nameColumns : maxChars);
      const line = joinAtoms(atoms, from, to);
      const stable = Math.min(line.length, Math.max(0, stableChars - atoms[from]!.from));
      lines.push({ captionId, speaker: isFirst ? speaker : null, text: line, stableChars: stable });
      from = to;
    }

    return lines;
  }

  /** Finals that have moved out. */
  #forget(): void {
    let first = 0;
    for (const { isFinal, lines } of this.#captions) {
      if (!isFinal || lines.length > this.#gone) break;
      this.#gone -= lines.length;
      first++;
    }
    if (first > 0) this.#captions = this.#captions.slice(first);
  }
}

/** At least one atom, however little room there is. */
function fillLine(atoms: readonly Atom[], from: number, maxWidth: number): number {
  let to = from + 1;
  let width = atoms[from]!.width;
  for (; to < atoms.length; to++) {
    width += atoms[to]!.width + (atoms[to]!.spaced ? 1 : 0);
    if (width > maxWidth) break;
  }

  return to;
}
