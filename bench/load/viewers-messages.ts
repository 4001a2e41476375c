/** To the process that holds viewers; each is answered when it is done. */
export type ViewersOrder =
  /** Connects viewers of one meeting, at most so many a second. */
  | { readonly type: 'open'; readonly url: string; readonly count: number; readonly perSecond: number }
  /** Forgets what came so far: it is measured from here on. */
  | { readonly type: 'begin' }
  /** Tells what came since. */
  | { readonly type: 'end' };

/** From it. */
export type ViewersNews =
  | { readonly type: 'done' }
  | { readonly type: 'progress'; readonly open: number }
  | { readonly type: 'seen'; readonly seen: SeenCaptions }
  /** A viewer was refused, or ended unasked. */
  | { readonly type: 'lost'; readonly reason: string };

/** What viewers got. Delays are by this machine's clock, in ms; one value for each caption and viewer. */
export interface SeenCaptions {
  /** Messages of any kind, over all viewers. */
  readonly messages: number;
  readonly bytes: number;
  /** Captions that came, partials and finals, each counted once. */
  readonly captions: number;
  /** Of these, how many did not come to every viewer. */
  readonly incomplete: number;
  /** From the moment the newest audio of a partial was spoken. */
  readonly partialDelaysMs: readonly number[];
  /** The same of finals, from the end of their segment. */
  readonly finalDelaysMs: readonly number[];
  /** From the first viewer that got a caption to the last, one value for each caption. */
  readonly spreadsMs: readonly number[];
}
