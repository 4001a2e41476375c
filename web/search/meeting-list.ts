import { batch, signal } from '@preact/signals';
import { type Trouble, troubleFrom } from '../trouble/trouble.ts';
import { deleteMeeting, type KeptMeeting, keptMeetings, type Page } from './archive.ts';

/** The meetings of which something is kept. */
export class MeetingList {
  /** Null before they were told. */
  readonly meetings = signal<readonly KeptMeeting[] | null>(null);
  readonly hasMore = signal(false);
  readonly trouble = signal<Trouble | null>(null);
  readonly isReading = signal(false);
  #next: string | null = null;
  #readings = 0;
  /** Since the reading that is under way began: what it is answered may be from before. */
  readonly #deleted = new Set<string>();

  /** Gets them anew. Never rejects. */
  read(): Promise<void> {
    return this.#read(null, () => []);
  }

  /** Gets older ones. Never rejects. */
  more(): Promise<void> {
    return this.#read(this.#next, () => this.meetings.value ?? []);
  }

  /** @throws {RoundtableError} where it is not deleted. */
  async delete(meeting: string): Promise<void> {
    await deleteMeeting(meeting);
    this.#deleted.add(meeting);
    this.meetings.value = (this.meetings.value ?? []).filter((each) => each.meeting !== meeting);
  }

  /** @param known those that stay in front of what is read, once that is there. */
  async #read(before: string | null, known: () => readonly KeptMeeting[]): Promise<void> {
    const reading = ++this.#readings;
    this.#deleted.clear();
    this.isReading.value = true;
    try {
      const page = await keptMeetings(before);
      if (reading === this.#readings) this.#take(page, known());
    } catch (error) {
      if (reading === this.#readings) this.trouble.value = troubleFrom(error);
    } finally {
      if (reading === this.#readings) this.isReading.value = false;
    }
  }

  #take({ items, next }: Page<KeptMeeting>, known: readonly KeptMeeting[]): void {
    // One in which somebody has spoken meanwhile is in two pages.
    const shown = new Set([...this.#deleted, ...known.map(({ meeting }) => meeting)]);
    batch(() => {
      this.meetings.value = [...known, ...items.filter(({ meeting }) => !shown.has(meeting))];
      this.hasMore.value = next !== null;
      this.trouble.value = null;
    });
    this.#next = next;
  }
}
