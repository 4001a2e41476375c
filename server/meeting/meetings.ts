import type { ServerMessage, ViewerServerMessage } from '../../client-sdk/protocol.ts';

/** Someone who reads a meeting's captions. */
export interface Viewer {
  send(message: ServerMessage): void;
}

interface Meeting {
  readonly viewers: Set<Viewer>;
  /** Speakers ever, to name those who gave no name. */
  speakersSoFar: number;
  speakers: number;
}

/** A speaker's place in a meeting. */
export interface Seat {
  /** The name given, or one made up: `Speaker 2`. */
  readonly speaker: string;
  /** Sends to every viewer. */
  publish(message: ViewerServerMessage): void;
  /** Idempotent. */
  leave(): void;
}

/**
 * The meetings that have a speaker or a viewer: what one says, all of its viewers read. A meeting exists while
 * somebody is in it, so there are never more than streams and viewers together.
 */
export class Meetings {
  readonly #meetings = new Map<string, Meeting>();

  get size(): number {
    return this.#meetings.size;
  }

  /** Seats that are taken in a meeting. */
  speakersIn(meetingId: string): number {
    return this.#meetings.get(meetingId)?.speakers ?? 0;
  }

  /** @param name the speaker's own, or null. */
  join(meetingId: string, name: string | null): Seat {
    const meeting = this.#get(meetingId);
    meeting.speakers++;
    meeting.speakersSoFar++;
    let seated = true;

    return {
      speaker: name ?? `Speaker ${meeting.speakersSoFar}`,
      publish: (message) => {
        for (const viewer of meeting.viewers) viewer.send(message);
      },
      leave: () => {
        if (!seated) return;
        seated = false;
        meeting.speakers--;
        this.#forgetIfEmpty(meetingId, meeting);
      },
    };
  }

  /** @returns what ends the viewing; idempotent. */
  watch(meetingId: string, viewer: Viewer): () => void {
    const meeting = this.#get(meetingId);
    meeting.viewers.add(viewer);

    return () => {
      if (!meeting.viewers.delete(viewer)) return;
      this.#forgetIfEmpty(meetingId, meeting);
    };
  }

  #get(meetingId: string): Meeting {
    const existing = this.#meetings.get(meetingId);
    if (existing) return existing;
    const meeting: Meeting = { viewers: new Set(), speakersSoFar: 0, speakers: 0 };
    this.#meetings.set(meetingId, meeting);

    return meeting;
  }

  #forgetIfEmpty(meetingId: string, meeting: Meeting): void {
    if (meeting.speakers === 0 && meeting.viewers.size === 0) this.#meetings.delete(meetingId);
  }
}
