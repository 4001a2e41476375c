import type { Clock } from '../clock.ts';
import type { ExportQuery, MeetingsPage, MeetingsQuery } from './archive.ts';
import type { BufferedRecorder } from './buffered-recorder.ts';
import type { HistoryStore } from './history-store.ts';
import type { SearchPage, SearchQuery } from './search.ts';
import type { TranscriptPage } from './transcript-source.ts';

/** Told of searches; never what was looked for. */
export interface ArchiveObserver {
  searched(durationMs: number): void;
}

/**
 * What is stored of meetings, for those who look through it. What was said in the last moments may still be on its way to
 * the store, and is not in it. Everything rejects while the store cannot do its work.
 */
export class HistoryArchive {
  readonly #store: HistoryStore;
  readonly #recorder: Pick<BufferedRecorder, 'dropFinals'>;
  readonly #clock: Clock;
  readonly #observer: ArchiveObserver;

  constructor(
    store: HistoryStore,
    recorder: Pick<BufferedRecorder, 'dropFinals'>,
    clock: Clock,
    observer: ArchiveObserver,
  ) {
    this.#store = store;
    this.#recorder = recorder;
    this.#clock = clock;
    this.#observer = observer;
  }

  async search(query: SearchQuery): Promise<SearchPage> {
    const sinceMs = this.#clock.now();
    const page = await this.#store.search(query);
    this.#observer.searched(this.#clock.now() - sinceMs);

    return page;
  }

  meetings(query: MeetingsQuery): Promise<MeetingsPage> {
    return this.#store.meetings(query);
  }

  exportFinals(query: ExportQuery): Promise<TranscriptPage> {
    return this.#store.exportFinals(query);
  }

  /**
   * Deletes what was said in a meeting until now, and the records of its streams, in steps between which others get their
   * turn. Those that are live go on, and are recorded anew. Where this rejects, a part may have gone.
   * @returns whether there was anything.
   */
  async deleteMeeting(meeting: string): Promise<boolean> {
    let deleted = this.#recorder.dropFinals(meeting);
    for (let last = 1; last > 0; deleted += last) last = await this.#store.deleteMeeting(meeting);

    return deleted > 0;
  }
}
