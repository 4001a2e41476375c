import fc from 'fast-check';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { ExportQuery, MeetingsPage, MeetingsQuery } from '../../server/history/archive.ts';
import type { RecorderObserver } from '../../server/history/buffered-recorder.ts';
import type { HistoryChange, HistoryStore, RetentionLimits } from '../../server/history/history-store.ts';
import { MemoryStore } from '../../server/history/memory-store.ts';
import type { StreamRecord } from '../../server/history/records.ts';
import type { SearchPage, SearchQuery } from '../../server/history/search.ts';
import type { TranscriptPage, TranscriptQuery } from '../../server/history/transcript-source.ts';

/** The compiled module of the history's thread. */
export const SQLITE_THREAD = new URL('../../dist/server/history/sqlite-thread.js', import.meta.url);

/** A final of `stream`, spoken `segmentId` seconds after the stream began. */
export function final(segmentId: number, fields: Partial<FinalMessage> = {}): FinalMessage {
  const { streamId = 'stream' } = fields;

  return {
    type: 'final',
    meeting: 'meeting',
    streamId,
    speaker: 'Ada',
    captionId: `${streamId}:${segmentId}`,
    segmentId,
    revision: 2,
    startMs: segmentId * 1000,
    endMs: segmentId * 1000 + 800,
    spokenAtMs: 1_700_000_000_000 + segmentId * 1000,
    text: `Sentence ${segmentId}.`,
    endpoint: 'silence',
    confidence: 0.874,
    language: 'en',
    model: 'model@0123456789ab',
    ...fields,
  };
}

/** A stream's record at the end of a segment. */
export function record(
  streamId: string,
  nextSegmentId = 0,
  fields: Partial<StreamRecord> = {},
): StreamRecord {
  const settledSample = nextSegmentId * 16_000;

  return {
    streamId,
    tokenHash: `hash of ${streamId}`,
    keyName: null,
    meeting: 'meeting',
    speaker: 'Ada',
    start: { type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le', meeting: 'meeting' },
    checkpoint: {
      settledSample,
      nextSegmentId,
      segmenter: {
        positionSample: settledSample,
        nextSegmentId,
        lastEndSample: settledSample,
        onset: null,
        open: null,
      },
      hearing: { quietWindows: 3, state: Float32Array.from({ length: 320 }, (_, i) => Math.sin(i)) },
      books: { transcribedSamples: settledSample, silenceSamples: 0, droppedSamples: 0 },
    },
    timeline: { originMs: 1_700_000_000_000, gaps: [{ fromSample: 160, totalMs: 20 }] },
    captions: nextSegmentId,
    resumptions: 0,
    ...fields,
  };
}

const whole = fc.nat({ max: 2 ** 31 - 1 });
const power = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });

/** Records with anything in them that a stream may have. */
export const records: fc.Arbitrary<StreamRecord> = fc
  .record({
    texts: fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), fc.string()),
    keyName: fc.option(fc.string()),
    state: fc.option(fc.float32Array({ minLength: 320, maxLength: 320 })),
    recent: fc.array(fc.record({ endSample: whole, power }), { maxLength: 20 }),
    numbers: fc.tuple(whole, whole, whole, whole, whole, whole),
    flags: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    originMs: fc.option(fc.double({ min: 0, max: 4e12, noNaN: true })),
  })
  .map(({ texts, keyName, state, recent, numbers, flags, originMs }) => {
    const [meeting, speaker, tokenHash] = texts;
    const [a, b, c, d, e, f] = numbers;
    const base = record('any', a, { keyName, meeting, speaker, tokenHash, captions: b, resumptions: c });
    const open = {
      ...{ segmentId: a, startSample: b, speechEndSample: c, nextRevision: d, lastSnapshotEndSample: e },
      ...{ newSpeechSamples: f, pauseSnapshotTaken: flags[0], recent },
    };

    return {
      ...base,
      start: { ...base.start, meeting, partials: flags[0], endpointing: { startThreshold: 0.1 + 0.2 } },
      checkpoint: {
        ...base.checkpoint,
        segmenter: {
          ...base.checkpoint.segmenter,
          onset: flags[1] ? { startSample: d, speechSamples: e } : null,
          open: flags[2] ? open : null,
        },
        hearing: { quietWindows: f, state },
      },
      timeline: { originMs, gaps: [] },
    };
  });

/** Nobody who would hear how the writing goes. */
export const UNOBSERVED: RecorderObserver = {
  written: () => {},
  failed: () => {},
  recovered: () => {},
  gaveUp: () => {},
  faulted: () => {},
};

/** A store in memory that can be held up, and be away. */
export class UnsteadyStore implements HistoryStore {
  readonly #store = new MemoryStore();
  /** Whether it fails whatever it is asked to write. */
  away = false;
  /** Writes that were made, and those that were not. */
  readonly writes: (readonly HistoryChange[])[] = [];
  failures = 0;
  #held: Promise<void> | null = null;

  /** Holds up what is asked of it from now on. @returns what lets it go on. */
  hold(): () => void {
    let release = () => {};
    this.#held = new Promise((resolve) => {
      release = resolve;
    });

    return () => {
      this.#held = null;
      release();
    };
  }

  async write(changes: readonly HistoryChange[], nowMs: number): Promise<readonly string[]> {
    await this.#held;
    if (this.away) {
      this.failures++;
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    }
    this.writes.push(changes);

    return this.#store.write(changes, nowMs);
  }

  async findStream(tokenHash: string): Promise<StreamRecord | null> {
    await this.#held;

    return this.#store.findStream(tokenHash);
  }

  async finalsOfStream(streamId: string, endMs: number, untilMs: number): Promise<readonly FinalMessage[]> {
    await this.#held;

    return this.#store.finalsOfStream(streamId, endMs, untilMs);
  }

  async finalsOfMeeting(meeting: string, query: TranscriptQuery): Promise<TranscriptPage> {
    await this.#held;

    return this.#store.finalsOfMeeting(meeting, query);
  }

  deleteBefore(limits: RetentionLimits): Promise<number> {
    return this.#store.deleteBefore(limits);
  }

  search(query: SearchQuery): Promise<SearchPage> {
    return this.#store.search(query);
  }

  meetings(query: MeetingsQuery): Promise<MeetingsPage> {
    return this.#store.meetings(query);
  }

  exportFinals(query: ExportQuery): Promise<TranscriptPage> {
    return this.#store.exportFinals(query);
  }

  async deleteMeeting(meeting: string): Promise<number> {
    await this.#held;
    if (this.away) throw new Error('The store is away.');

    return this.#store.deleteMeeting(meeting);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
