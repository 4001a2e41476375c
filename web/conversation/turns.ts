import type { Caption } from './conversation.ts';

/** What one speaker says without anybody between: a name, a time, and captions below it. */
export interface Turn {
  /** Id of its first caption. */
  readonly key: string;
  readonly streamId: string;
  readonly speaker: string;
  readonly spokenAtMs: number;
  readonly captions: readonly Caption[];
}

/** After such a silence the time is shown anew, as if somebody else had spoken. */
const LONG_PAUSE_MS = 120_000;

/** Groups captions from `from` up to, not including, `to`. */
export function turnsOf(captions: readonly Caption[], from = 0, to = captions.length): Turn[] {
  const turns: (Turn & { captions: Caption[] })[] = [];
  for (let index = from; index < to; index++) {
    const caption = captions[index]!;
    const turn = turns.at(-1);
    if (turn && belongs(turn, caption)) turn.captions.push(caption);
    else {
      const { captionId: key, streamId, speaker, spokenAtMs } = caption;
      turns.push({ key, streamId, speaker, spokenAtMs, captions: [caption] });
    }
  }

  return turns;
}

function belongs(turn: Turn, caption: Caption): boolean {
  if (turn.streamId !== caption.streamId) return false;

  return caption.spokenAtMs - turn.captions.at(-1)!.spokenAtMs < LONG_PAUSE_MS;
}
