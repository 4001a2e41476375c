import type { Quota, Resource } from './quota.ts';

/** A quota that a connection takes from. */
export interface Share {
  readonly owner: 'key' | 'meeting';
  readonly quota: Quota;
  /** To be called after giving back: a quota that nobody uses is forgotten. */
  left(): void;
}

/** Where shares come from, and who is told when one is used up. */
export interface ShareSource {
  ofMeeting(meeting: string): Share;
  /** Takes from all shares, or throws a `StreamError` and takes from none. */
  take(shares: readonly Share[], resource: Resource, amount: number): void;
}

/** What one stream uses of its key's and its meeting's quotas. Gives back no more than it took. */
export class StreamAllowance {
  /** The stream's share of the inference threads against others'. */
  readonly weight: number;
  readonly #source: ShareSource;
  /** The key's, where there is one, and the meeting's once it has joined one. */
  readonly #shares: Share[] = [];
  #heldSamples = 0;

  /** @param key already counts the stream. */
  constructor(source: ShareSource, weight: number, key: Share | null) {
    this.#source = source;
    this.weight = weight;
    if (key) this.#shares.push(key);
  }

  /** The most the stream may hold while no other one of its key and meeting holds anything. */
  get maxBufferedSamples(): number {
    return Math.min(...this.#shares.map(({ quota }) => quota.limits.bufferedSamples));
  }

  /** Audio at 16 kHz that may be held besides what its key and its meeting hold now. */
  get freeSamples(): number {
    return Math.min(
      ...this.#shares.map(({ quota }) => quota.limits.bufferedSamples - quota.used('bufferedSamples')),
    );
  }

  /** Counts against a meeting as well. Before any audio, once. @throws {StreamError} `too-many-streams`. */
  join(meeting: string): void {
    const share = this.#source.ofMeeting(meeting);
    this.#source.take([share], 'streams', 1);
    this.#shares.push(share);
  }

  /** A message came. @throws {StreamError} `audio-too-fast`. */
  receive(bytes: number): void {
    this.#source.take(this.#shares, 'bytesPerSecond', bytes);
  }

  /** Audio at 16 kHz is about to be kept. @throws {StreamError} `audio-overrun`; nothing is counted then. */
  hold(samples: number): void {
    this.#source.take(this.#shares, 'bufferedSamples', samples);
    this.#heldSamples += samples;
  }

  /** So much of it is acknowledged; at most what is held counts. */
  release(samples: number): void {
    const released = Math.min(samples, this.#heldSamples);
    this.#heldSamples -= released;
    for (const { quota } of this.#shares) quota.give('bufferedSamples', released);
  }

  /** The stream is gone, and whatever it held. Idempotent. */
  leave(): void {
    this.release(this.#heldSamples);
    for (const { quota, left } of this.#shares.splice(0)) {
      quota.give('streams', 1);
      left();
    }
  }
}
