import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { MemoryStore } from '../../server/history/memory-store.ts';
import type { TranscriptSource } from '../../server/history/transcript-source.ts';

/** Finals in memory, as meetings' transcripts are read from. */
export class ToldFinals implements TranscriptSource {
  readonly #store = new MemoryStore();

  /** @param finals in the order in which they became final. */
  static async of(...finals: readonly FinalMessage[]): Promise<ToldFinals> {
    const told = new ToldFinals();
    for (const final of finals) await told.keep(final);

    return told;
  }

  keep(caption: FinalMessage): Promise<void> {
    return this.#store.write([{ type: 'final', caption }], 0);
  }

  readonly finals: TranscriptSource['finals'] = (meeting, query) =>
    this.#store.finalsOfMeeting(meeting, query);
}
