/**
 * The process in which all streams of a run speak: one timer on the absolute clock, plain `ws`. Started by `runLoad`
 * with the order as its first message; ends with its parent.
 */
import { percentile } from '../statistics.ts';
import { LagHistogram } from './lag-histogram.ts';
import type { CaptionRecord, LoadProgress, SpeakingNews, SpeakingOrder } from './records.ts';
import { Sounds } from './sounds.ts';
import { LEAD_MS, Speaker } from './speaker.ts';

const PROGRESS_MS = 500;
/** Delays of the last so many milliseconds are shown. */
const RECENT_MS = 10_000;
/** Longest sleep; a stream that the server lets in is found within it. */
const MAX_SLEEP_MS = 10;
/** Longest a server may take to answer `stop`, counted from the last stream's. */
const DRAIN_MS = 20_000;

process.on('disconnect', () => process.exit());
process.once('message', (order: SpeakingOrder) => {
  void speakAll(order).then(
    () => process.disconnect(),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function speakAll(order: SpeakingOrder): Promise<void> {
  const sounds = await Sounds.load(order);
  const { url, plans, tailPaddingMs, partials } = order;
  const startedMs = performance.now() + LEAD_MS;
  const now = () => performance.now() - startedMs;
  const watch = new Watch(order);
  const heard = (caption: CaptionRecord) => watch.heard(caption, now());
  const failed = () => watch.failed();
  let closed = 0;
  const settings = { url, sounds, tailPaddingMs, partials, now, heard, failed, closed: () => void closed++ };
  const speakers = plans.map((plan, i) => new Speaker(i, plan, settings));
  for (;;) {
    const acting = order.oneByOne ? speakers.slice(closed, closed + 1) : speakers;
    const dueMs = actAll(acting, now, watch);
    watch.look(now(), speakers);
    if (closed === speakers.length) break;
    const sending = speakers.some(({ speaking }) => speaking);
    if (now() > watch.endMs + DRAIN_MS && (order.oneByOne || !sending)) break;
    await sleep(Math.ceil(Math.min(dueMs - now(), MAX_SLEEP_MS)));
  }
  for (const speaker of speakers) await tell({ type: 'stream', record: speaker.finish() });
  await tell({ type: 'over', generator: watch.generator() });
}

/** Does everything that is due. @returns when something is next. */
function actAll(speakers: readonly Speaker[], now: () => number, watch: Watch): number {
  let next = Number.POSITIVE_INFINITY;
  for (const speaker of speakers) {
    for (let dueMs = speaker.dueMs; ; dueMs = speaker.dueMs) {
      const nowMs = now();
      if (dueMs > nowMs) {
        next = Math.min(next, dueMs);
        break;
      }
      if (speaker.speaking && speaker.inRealTime) watch.sent(nowMs - dueMs);
      speaker.act(nowMs);
    }
  }

  return next;
}

/** Keeps count of the run, and tells the parent how it goes. */
class Watch {
  /** When the last stream stops at the latest, one by one in real time. */
  readonly endMs: number;
  readonly #order: SpeakingOrder;
  readonly #lag = new LagHistogram();
  #recent: (readonly [arrivedMs: number, caption: CaptionRecord])[] = [];
  #nextMs = Number.NEGATIVE_INFINITY;
  #edges = 0;
  #partials = 0;
  #finals = 0;
  #errors = 0;
  #latestMs = 0;
  #cpuSeconds = 0;

  constructor(order: SpeakingOrder) {
    this.#order = order;
    const { plans, oneByOne } = order;
    this.endMs = oneByOne
      ? plans.reduce((sum, { lengthMs }) => sum + lengthMs, 0)
      : Math.max(
          ...plans.map(({ joinMs, lengthMs, speed, untilMs }) =>
            Math.min(joinMs + lengthMs / speed, untilMs),
          ),
        );
  }

  sent(lagMs: number): void {
    this.#lag.add(lagMs);
    this.#latestMs = Math.max(this.#latestMs, lagMs);
  }

  heard(caption: CaptionRecord, nowMs: number): void {
    if (caption.endpoint === null) this.#partials++;
    else this.#finals++;
    if (!Number.isNaN(caption.delayMs)) this.#recent.push([nowMs, caption]);
  }

  failed(): void {
    this.#errors++;
  }

  look(nowMs: number, speakers: readonly Speaker[]): void {
    const { fromMs, toMs } = this.#order.window;
    if (this.#edges === 0 && nowMs >= fromMs) this.#edge('begin', -cpuSeconds());
    if (this.#edges === 1 && nowMs >= toMs) this.#edge('end', cpuSeconds());
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + PROGRESS_MS;
    void tell({ type: 'progress', progress: this.#progress(nowMs, speakers) });
    this.#latestMs = 0;
  }

  generator() {
    const lag = (share: number) => this.#lag.percentile(share);

    return { lagP50Ms: lag(0.5), lagP99Ms: lag(0.99), lagMaxMs: lag(1), cpuSeconds: this.#cpuSeconds };
  }

  #edge(edge: 'begin' | 'end', seconds: number): void {
    this.#edges++;
    this.#cpuSeconds += seconds;
    void tell({ type: 'window', edge });
  }

  #progress(atMs: number, speakers: readonly Speaker[]): LoadProgress {
    this.#recent = this.#recent.filter(([arrivedMs]) => arrivedMs > atMs - RECENT_MS);
    const p95 = (keep: (caption: CaptionRecord) => boolean) =>
      percentile(
        this.#recent.filter(([, caption]) => keep(caption)).map(([, { delayMs }]) => delayMs),
        0.95,
      );

    return {
      atMs,
      endMs: this.endMs,
      open: speakers.filter(({ speaking }) => speaking).length,
      closed: speakers.filter(({ closed }) => closed).length,
      partials: this.#partials,
      finals: this.#finals,
      errors: this.#errors,
      partialP95Ms: p95(({ endpoint }) => endpoint === null),
      finalP95Ms: p95(({ endpoint }) => endpoint === 'silence'),
      generatorLagMs: this.#latestMs,
    };
  }
}

function tell(news: SpeakingNews): Promise<void> {
  return new Promise((resolve) => process.send!(news, () => resolve()));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(1, ms)));
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();

  return (user + system) / 1e6;
}
