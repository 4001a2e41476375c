import { LiveCue, type LiveLine } from '../../client-sdk/captions/live-cue.ts';
import type { CaptionMessage } from '../../client-sdk/protocol.ts';

/** A line has been on the screen for at least so long before it rolls out. */
const LEAST_LINE_MS = 1000;
/** And for so long for each of its characters: readers of captions manage 20 in a second. */
const CHAR_MS = 50;
/** With so many lines to come, each stays no longer than the least: rather hurried than minutes behind. */
const HURRIES_FROM_LINES = 6;
/** Lines kept to be shown. Half an hour of somebody who never stops; what is longer begins anew. */
const KEPT_LINES = 600;

/**
 * Which lines are on the screen, and when: they roll up by one where a line has been there long enough to be read, also
 * when a long caption comes all at once. Time is what callers say it is.
 */
export class Roll {
  readonly #cue: LiveCue;
  readonly #lines: number;
  readonly #hideAfterMs: number;
  /** The first line on the screen: which caption's, and which of its lines. */
  #top: { readonly captionId: string; readonly line: number } | null = null;
  #rolledAtMs = Number.NEGATIVE_INFINITY;
  #changedAtMs = Number.NEGATIVE_INFINITY;
  readonly #withNames: boolean;

  constructor(options: {
    readonly lines: number;
    readonly chars: number;
    readonly names: boolean;
    readonly hideAfterMs: number;
  }) {
    this.#cue = new LiveCue({ maxLines: KEPT_LINES, maxChars: options.chars });
    this.#lines = options.lines;
    this.#withNames = options.names;
    this.#hideAfterMs = options.hideAfterMs;
  }

  /** Takes what was said. */
  hear(message: CaptionMessage, nowMs: number): void {
    const { captionId, text } = message;
    const said = { captionId, text, ...(this.#withNames ? { speaker: message.speaker } : {}) };
    if (message.type === 'final') this.#cue.final(said);
    else this.#cue.partial({ ...said, stableChars: message.stableChars });
    this.#changedAtMs = nowMs;
  }

  /** What is on the screen now: at most the lines there is room for. */
  linesAt(nowMs: number): readonly LiveLine[] {
    const lines = this.#cue.lines;
    let top = this.#indexOfTop(lines);
    if (!this.#top && lines.length > 0) this.#rolledAtMs = nowMs;
    const ahead = lines.length - this.#lines - top;
    if (ahead > 0 && nowMs >= this.#rolledAtMs + this.#stay(lines[top]!, ahead)) {
      top++;
      this.#rolledAtMs = nowMs;
    } else if (ahead <= 0 && this.#isOld(nowMs)) {
      this.#cue.clear();
      this.#top = null;

      return [];
    }
    this.#top = placeOf(lines, top);

    return lines.slice(top, top + this.#lines);
  }

  #isOld(nowMs: number): boolean {
    return (
      this.#hideAfterMs > 0 && nowMs - Math.max(this.#changedAtMs, this.#rolledAtMs) >= this.#hideAfterMs
    );
  }

  #stay({ text }: LiveLine, ahead: number): number {
    return ahead >= HURRIES_FROM_LINES ? LEAST_LINE_MS : Math.max(LEAST_LINE_MS, text.length * CHAR_MS);
  }

  #indexOfTop(lines: readonly LiveLine[]): number {
    const top = this.#top;
    if (!top) return 0;
    const first = lines.findIndex(({ captionId }) => captionId === top.captionId);
    // A caption that was taken back, or became shorter, leaves what is behind it on the screen.
    if (first < 0) return Math.max(0, lines.length - this.#lines);
    const own = lines.filter(({ captionId }) => captionId === top.captionId).length;

    return first + Math.min(top.line, own - 1);
  }
}

function placeOf(lines: readonly LiveLine[], index: number): { captionId: string; line: number } | null {
  const line = lines[index];
  if (!line) return null;
  const first = lines.findIndex(({ captionId }) => captionId === line.captionId);

  return { captionId: line.captionId, line: index - first };
}
