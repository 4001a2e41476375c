import type { FinalMessage, ServerMessage } from '../../../client-sdk/protocol.ts';
import type { Clock } from '../../clock.ts';
import type { TranscriptSource } from '../../history/transcript-source.ts';
import type { Meetings } from '../../meeting/meetings.ts';
import { LiveSegments } from './live-segments.ts';

/** A meeting in which nobody has spoken for so long is over: who lost the connection may have come back by then. */
const OVER_AFTER_MS = 60_000;
/** Playlists that are over can be read for so long. */
const KEPT_AFTER_MS = 300_000;
const TICK_MS = 5000;
/** Finals of the time that a new playlist covers: no meeting has more. */
const MAX_FINALS = 1000;

/** What playlists are made from. */
export interface PlaylistParts {
  readonly meetings: Meetings;
  readonly transcripts: TranscriptSource;
  readonly clock: Clock;
}

/** Made when somebody asks for it, and kept until the meeting is over: what has been listed stays as it was. */
class LivePlaylist {
  readonly segments: LiveSegments;
  readonly leave: () => void;
  /** Since when nobody has been there to speak; null while somebody is. */
  quietSinceMs: number | null = null;
  /** Resolves when what was said before is in it. */
  readonly ready: Promise<void>;

  constructor(meeting: string, { meetings, transcripts, clock }: PlaylistParts) {
    this.segments = new LiveSegments(clock.epochMs());
    // What is said while the store is asked may come from there as well.
    let early: Map<string, FinalMessage> | null = new Map();
    const hear = (message: ServerMessage) => {
      if (message.type !== 'final') return;
      if (early) early.set(message.captionId, message);
      else {
        // What has not been asked for since is closed before something new can get into it.
        this.segments.advance(clock.epochMs());
        this.#add(message);
      }
    };
    this.leave = meetings.watch(meeting, { send: hear });
    const before = transcripts.finals(meeting, { limit: MAX_FINALS, sinceMs: this.segments.openFromMs });
    this.ready = before.then(({ captions }) => {
      const finals = new Map(captions.map((final) => [final.captionId, final]));
      for (const [captionId, final] of early!) finals.set(captionId, final);
      early = null;
      // Before any segment is closed, so that each goes where it belongs.
      for (const final of finals.values()) this.#add(final);
    });
  }

  #add(final: FinalMessage): void {
    if (final.text !== '') this.segments.add(final);
  }
}

/** The playlists of live meetings. */
export class LivePlaylists {
  readonly #parts: PlaylistParts;
  readonly #playlists = new Map<string, LivePlaylist>();

  constructor(parts: PlaylistParts) {
    this.#parts = parts;
  }

  /**
   * The segments of a meeting up to now.
   * @returns null for a meeting in which nobody is to speak.
   * @throws {Error} when what was said before cannot be read.
   */
  async of(meeting: string): Promise<LiveSegments | null> {
    const present = this.#playlists.get(meeting);
    const isLive = this.#parts.meetings.speakersIn(meeting) > 0;
    const playlist = isLive && (!present || present.segments.isOver) ? this.#open(meeting) : present;
    if (!playlist) return null;
    try {
      await playlist.ready;
    } catch (error) {
      this.#forget(meeting, playlist);
      throw error;
    }
    playlist.segments.advance(this.#parts.clock.epochMs());

    return playlist.segments;
  }

  /** A segment of a playlist that has been asked for; null for any other. */
  segment(meeting: string, number: number): string | null {
    return this.#playlists.get(meeting)?.segments.segment(number) ?? null;
  }

  #open(meeting: string): LivePlaylist {
    const playlist = new LivePlaylist(meeting, this.#parts);
    this.#playlists.set(meeting, playlist);
    this.#watch(meeting, playlist);

    return playlist;
  }

  /** Ends a playlist when its meeting has been over for a while, and forgets it some time after. */
  #watch(meeting: string, playlist: LivePlaylist): void {
    const { meetings, clock } = this.#parts;
    clock.after(TICK_MS, () => {
      if (this.#playlists.get(meeting) !== playlist) return;
      const nowMs = clock.now();
      if (meetings.speakersIn(meeting) > 0) playlist.quietSinceMs = null;
      else playlist.quietSinceMs ??= nowMs;
      const { quietSinceMs } = playlist;
      if (quietSinceMs === null || nowMs - quietSinceMs < OVER_AFTER_MS) {
        playlist.segments.advance(clock.epochMs());
        this.#watch(meeting, playlist);
        return;
      }
      playlist.segments.end(clock.epochMs());
      playlist.leave();
      clock.after(KEPT_AFTER_MS, () => this.#forget(meeting, playlist));
    });
  }

  #forget(meeting: string, playlist: LivePlaylist): void {
    playlist.leave();
    if (this.#playlists.get(meeting) === playlist) this.#playlists.delete(meeting);
  }
}
