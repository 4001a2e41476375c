/**
 * When the ladder moves. Waits are predicted work over threads: how long what is queued now will take. None of these is
 * a setting: they follow from what a reader notices and from how long a load takes to show.
 */
export const LADDER_LIMITS = {
  /** Work in the queues for this long: at the usual interval of 500 ms partials come at less than half their pace. */
  totalWaitMs: 1000,
  /** Finals go before everything else, so that any wait among them means there is more than can be put off. */
  finalWaitMs: 300,
  /** In the waiting room with nobody let in and still so far behind: half of the 3 s within which a final has to come. */
  refuseWaitMs: 1500,
  /** From a segment's end to its caption sent. Half a second is usual; a reader has lost the thread after a few. */
  finalLagMs: 1000,
  /**
   * Below this share of busy threads a late final is no matter of load: a slow machine takes its time alone, too, and
   * serving others less would not hasten it.
   */
  lagCountsAboveBusy: 0.6,
  /** Finals and what is likely to become final cannot be put off; above this share their queue grows fast. */
  finalBusyShare: 0.85,
  /** The socket thread is so late with everything, audio and captions alike. */
  eventLoopDelayMs: 200,

  /** How long the load has to stand above one of these: longer than one sentence's burst. */
  riseAfterMs: 2000,
  /** The same where finals wait: three samples of two a second, so that a burst of joins is caught. */
  riseUrgentlyAfterMs: 1000,
  /** In the waiting room for so long without the finals catching up: it does not help enough. */
  notHelpingAfterMs: 10_000,

  /** What has to be so for the load to be calm: well below where the step was entered. */
  calm: { totalWaitMs: 500, finalWaitMs: 100, finalLagMs: 700, eventLoopDelayMs: 100 },
  /** Least time of calm before a step down. */
  fallAfterMs: 5000,
  /** Share of the threads that a lower step's partials and finals together may be expected to take. */
  fitsBelowBusy: 0.9,
  /** Share that finals may take for the waiting room to open: there has to be room for those who wait. */
  opensBelowBusy: 0.7,

  /** A step up so soon after the step down (and the calm it took) was a bounce: the next try waits twice as long … */
  bounceWithinMs: 10_000,
  /** … but never longer than this … */
  maxFallAfterMs: 120_000,
  /** … and as long as ever once nothing has bounced for so long. A forecast no step has tested for as long is not believed. */
  forgetAfterMs: 300_000,
} as const;

/** How the load is smoothed, and what partials are taken to cost before that was measured. */
export const LOAD_SMOOTHING = {
  /** Time constant of busy shares: a thread that decodes segments of seconds is busy in lumps. */
  busyMs: 5000,
  /** Time constant, while at a step, of what partials cost there. */
  partialCostMs: 60_000,
  /** Work on partials at full pace for each unit of work on finals: LibriSpeech has 4 to 8 on the CPU. */
  partialCostPrior: 4,
  /** How much that counts: as this many seconds of one fully busy server. */
  partialCostPriorSeconds: 0.5,
  /** Right after a step changes, what is measured belongs to the step before. */
  settlingMs: 5000,
  /** A server busier than this, or with waits beyond calm, does not show what partials would cost if all were decoded. */
  saturatedAboveBusy: 0.9,
} as const;
