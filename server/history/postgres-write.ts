import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { HistoryChange } from './history-store.ts';
import { vectorOf } from './postgres-words.ts';
import type { StreamRecord } from './records.ts';
import { encodeStream } from './stream-json.ts';

/**
 * A group of changes as the statement `write` takes it: a column at a time. Only what there is of each id in the end is in it,
 * because one statement cannot change a row twice.
 */
export function writeParameters(changes: readonly HistoryChange[], nowMs: number): readonly unknown[] {
  const finals = new Map<string, FinalMessage>();
  const streams = new Map<string, StreamRecord | null>();
  for (const change of changes) {
    if (change.type === 'final') finals.set(change.caption.captionId, change.caption);
    else if (change.type === 'stream') streams.set(change.record.streamId, change.record);
    else streams.set(change.streamId, null);
  }
  const captions = [...finals.values()];
  const records = [...streams.values()].flatMap((record) => record ?? []);

  return [
    nowMs,
    captions.map(({ captionId }) => captionId),
    captions.map(({ streamId }) => streamId),
    captions.map(({ meeting }) => meeting),
    captions.map(({ speaker }) => speaker),
    captions.map(({ endMs }) => endMs),
    captions.map(({ spokenAtMs }) => spokenAtMs),
    captions.map(({ text }) => text !== ''),
    captions.map((caption) => JSON.stringify(caption)),
    captions.map(({ text }) => vectorOf(text)),
    records.map(({ streamId }) => streamId),
    records.map(({ tokenHash }) => tokenHash),
    records.map(({ meeting }) => meeting),
    records.map(encodeStream),
    [...streams].flatMap(([streamId, record]) => (record ? [] : [streamId])),
  ];
}
