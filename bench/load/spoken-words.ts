import { countWordErrors, type WordErrors } from '../word-error-rate.ts';
import type { LoadClip } from './clips.ts';
import type { StreamRecord } from './records.ts';
import { type SpeakingOptions, speak } from './run-load.ts';
import { planAlone, type StreamPlan } from './script.ts';

/** A turn that was spoken to its end, and what finals say of it. */
export interface HeardTurn {
  readonly clip: number;
  readonly text: string;
}

/** Faster than anybody speaks; what a server makes of it, and its flow control, decide. */
const ALONE_SPEED = 100;

/**
 * Whole turns of a stream with the finals nearest to them. What was captioned where nobody spoke so counts against the
 * nearest turn.
 */
export function heardTurns(plan: StreamPlan, record: StreamRecord): readonly HeardTurn[] {
  const turns = plan.turns
    .map(({ clip, startMs, durationMs }) => ({
      clip,
      fromMs: startMs - record.missedMs,
      toMs: startMs - record.missedMs + durationMs,
      texts: [] as string[],
    }))
    .filter(({ fromMs, toMs }) => fromMs >= 0 && toMs <= record.sentMs);
  for (const { endpoint, startMs, endMs, text } of record.captions) {
    if (endpoint === null) continue;
    const middleMs = (startMs + endMs) / 2;
    const distance = ({ fromMs, toMs }: (typeof turns)[number]) =>
      Math.max(fromMs - middleMs, middleMs - toMs, 0);
    let nearest = turns[0];
    for (const turn of turns) if (distance(turn) < distance(nearest!)) nearest = turn;
    nearest?.texts.push(text);
  }

  return turns.map(({ clip, texts }) => ({ clip, text: texts.join(' ') }));
}

/** Word errors of each whole turn against what was said in it. */
export function turnErrors(
  plan: StreamPlan,
  record: StreamRecord,
  clips: readonly LoadClip[],
): readonly WordErrors[] {
  return heardTurns(plan, record).map(({ clip, text }) => countWordErrors(clips[clip]!.reference, text));
}

/** Word errors of each turn of a stream, by the stream's place in the script. */
export type WordErrorsByStream = ReadonlyMap<number, readonly WordErrors[]>;

/**
 * What the server makes of the same audio when one stream sends it alone: sample for sample, faster than real time, and
 * without partials. Each stream of a script is heard once, as a larger script has the same streams and further ones.
 */
export class AloneReference {
  readonly #options: SpeakingOptions;
  readonly #errors = new Map<number, readonly WordErrors[]>();

  constructor(options: SpeakingOptions) {
    this.#options = { ...options, partials: false, oneByOne: true };
  }

  /**
   * Speaks those of the streams that have not been heard yet, one after the other. One that was not heard to its end is
   * missing in what is returned, and spoken again the next time.
   */
  async hear(plans: readonly StreamPlan[]): Promise<WordErrorsByStream> {
    const missing = [...plans.keys()].filter((index) => !this.#errors.has(index));
    if (missing.length === 0) return this.#errors;
    const alone = missing.map((index) => planAlone(plans[index]!, ALONE_SPEED));
    const { streams } = await speak(alone, { fromMs: 0, toMs: 0 }, this.#options);
    for (const [i, index] of missing.entries())
      if (isWhole(alone[i]!, streams[i]!))
        this.#errors.set(index, turnErrors(alone[i]!, streams[i]!, this.#options.clips.clips));

    return this.#errors;
  }
}

/** Whether all of a plan was said, nothing that was heard of it was lost, and the server is done with it. */
export function isWhole({ lengthMs }: StreamPlan, { missedMs, sentMs, done, errors }: StreamRecord): boolean {
  return missedMs === 0 && sentMs >= lengthMs && done !== null && Object.keys(errors).length === 0;
}
