/** To the process that holds idle streams; each is answered when it is done. */
export type IdleOrder =
  /** Opens streams, at most so many a second. */
  | { readonly type: 'open'; readonly url: string; readonly count: number; readonly perSecond: number }
  /** Every stream sends silence from now on, at the pace of speech. */
  | { readonly type: 'send-silence'; readonly messageMs: number }
  /** Ends every stream with `stop`. */
  | { readonly type: 'close' };

/** From it. */
export type IdleNews =
  | { readonly type: 'done' }
  | { readonly type: 'progress'; readonly open: number }
  /** A stream was refused, or ended unasked. */
  | { readonly type: 'lost'; readonly reason: string };
