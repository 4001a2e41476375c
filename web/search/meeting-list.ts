import { signal } from '@preact/signals';
import { type Trouble, troubleFrom } from '../trouble/trouble.ts';
import { deleteMeeting, type KeptMeeting, keptMeetings } from './archive.ts';

/** The meetings of which something is kept. */
export class MeetingList {
  /** Null before they were told. */
  readonly meetings = signal<readonly KeptMeeting[] | null>(null);
  readonly hasMore = signal(false);
  readonly trouble = signal<Trouble | null>(null);
  #next: string | null = null;

  /** Gets them anew. Never rejects. */
  read(): Promise<void> {
    return this.#read(null, []);
  }

  /** Gets older ones. Never rejects. */
  more(): Promise<void> {
    return this.#read(this.#next, this.meetings.value ?? []);
  }

  /** @throws {RoundtableError} where it is not deleted. */
  async delete(meeting: string): Promise<void> {
    await deleteMeeting(meeting);
    this.meetings.value = (this.meetings.value ?? []).filter((each) => each.meeting !== meeting);
  }

  async #read(before: string | null, known: readonly KeptMeeting[]): Promise<void> {
    try {
      const { items, next } = await keptMeetings(before);
      this.#next = next;
      this.hasMore.value = next !== null;
      // One in which somebody has spoken meanwhile is in two pages.
      this.meetings.value = [
        ...known,
        ...items.filter(({ meeting }) => known.every((each) => each.meeting !== meeting)),
      ];
      this.trouble.value = null;
    } catch (error) {
      this.trouble.value = troubleFrom(error);
    }
  }
}
