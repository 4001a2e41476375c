import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import { type ErrorCode, StreamError } from '../errors.ts';
import { msToSamples, samplesToMs } from '../stream/sample-time.ts';
import type { Caller } from './api-keys.ts';
import type { Quota, QuotaLimits, Resource } from './quota.ts';
import { QuotaBook } from './quota-book.ts';
import { type Share, type ShareSource, StreamAllowance } from './stream-allowance.ts';

/** Every limit of a key or a meeting, as the metrics name it. */
export const LIMIT_NAMES = [
  'streams-per-key',
  'streams-per-meeting',
  'viewers-per-key',
  'viewers-per-meeting',
  'buffered-per-key',
  'buffered-per-meeting',
  'bytes-per-key',
  'bytes-per-meeting',
] as const;
/** One of `LIMIT_NAMES`. */
export type LimitName = (typeof LIMIT_NAMES)[number];

/** How going beyond a limit is told. */
const BREACHES = {
  streams: { name: 'streams', code: 'too-many-streams', detail: (limit) => `It takes at most ${limit}` },
  viewers: { name: 'viewers', code: 'too-many-viewers', detail: (limit) => `It takes at most ${limit}` },
  bufferedSamples: {
    name: 'buffered',
    code: 'audio-overrun',
    detail: (limit) => `Over all streams it holds at most ${samplesToMs(limit)} ms`,
  },
  bytesPerSecond: {
    name: 'bytes',
    code: 'audio-too-fast',
    detail: (limit) => `Over all streams it takes at most ${limit} bytes a second`,
  },
} as const satisfies Record<
  Resource,
  { readonly name: string; readonly code: ErrorCode; readonly detail: (limit: number) => string }
>;

/** What keys and meetings use of the server, and the limits that none may pass. */
export class Quotas implements ShareSource {
  readonly #clock: Clock;
  readonly #config: Config;
  readonly #keys: QuotaBook;
  readonly #meetings: QuotaBook;
  readonly #onBreach: (limit: LimitName) => void;

  /** @param onBreach called for everything that is refused. */
  constructor(config: Config, clock: Clock, onBreach: (limit: LimitName) => void) {
    this.#config = config;
    this.#clock = clock;
    this.#onBreach = onBreach;
    this.#keys = new QuotaBook(clock);
    this.#meetings = new QuotaBook(clock);
  }

  /** Keys and meetings remembered. */
  get size(): number {
    return this.#keys.size + this.#meetings.size;
  }

  /**
   * Counts a new stream against its key. The caller ends it with `leave`.
   * @throws {StreamError} `too-many-streams`.
   */
  speaker(caller: Caller): StreamAllowance {
    const key = this.#ofKey(caller);
    if (key) this.take([key], 'streams', 1);

    return new StreamAllowance(this, caller.weight, key);
  }

  /**
   * Counts a new viewer against its key and its meeting.
   * @returns what ends that; idempotent.
   * @throws {StreamError} `too-many-viewers`.
   */
  viewer(caller: Caller, meeting: string): () => void {
    const shares = [this.#ofKey(caller), this.ofMeeting(meeting)].filter((share) => share !== null);
    this.take(shares, 'viewers', 1);
    let watching = true;

    return () => {
      if (!watching) return;
      watching = false;
      for (const { quota, left } of shares) {
        quota.give('viewers', 1);
        left();
      }
    };
  }

  /** A meeting's share, for a stream that joins it. */
  ofMeeting(meeting: string): Share {
    const {
      maxStreamsPerMeeting,
      maxViewersPerMeeting,
      maxBufferedMsPerMeeting,
      maxBytesPerSecondPerMeeting,
    } = this.#config;
    const quota = this.#meetings.of(meeting, {
      streams: maxStreamsPerMeeting,
      viewers: maxViewersPerMeeting,
      bufferedSamples: msToSamples(maxBufferedMsPerMeeting),
      bytesPerSecond: maxBytesPerSecondPerMeeting,
    });

    return { owner: 'meeting', quota, left: () => this.#meetings.left(meeting) };
  }

  /**
   * Takes from all shares, or from none.
   * @throws {StreamError} naming whose limit it is.
   */
  take(shares: readonly Share[], resource: Resource, amount: number): void {
    const nowMs = this.#clock.now();
    for (const { owner, quota } of shares) {
      if (quota.hasRoom(resource, amount, nowMs)) continue;
      // What was looked up to be refused is not remembered.
      for (const { left } of shares) left();
      throw this.#breach(owner, quota, resource);
    }
    for (const { quota } of shares) quota.take(resource, amount, nowMs);
  }

  #breach(owner: Share['owner'], quota: Quota, resource: Resource): StreamError {
    const { name, code, detail } = BREACHES[resource];
    this.#onBreach(`${name}-per-${owner}`);

    return new StreamError(code, `${detail(quota.limits[resource])} of this ${owner}.`);
  }

  /** Null without keys: the server's own limits are those of everyone together. */
  #ofKey({ name, limits }: Caller): Share | null {
    if (name === null) return null;
    const { maxStreamsPerKey, maxViewersPerKey, maxBufferedMsPerKey, maxBytesPerSecondPerKey } = this.#config;
    const own: QuotaLimits = {
      streams: limits.maxStreams ?? maxStreamsPerKey,
      viewers: limits.maxViewers ?? maxViewersPerKey,
      bufferedSamples: msToSamples(limits.maxBufferedMs ?? maxBufferedMsPerKey),
      bytesPerSecond: limits.maxBytesPerSecond ?? maxBytesPerSecondPerKey,
    };

    return { owner: 'key', quota: this.#keys.of(name, own), left: () => this.#keys.left(name) };
  }
}
