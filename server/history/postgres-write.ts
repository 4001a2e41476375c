import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { HistoryChange } from './history-store.ts';
import { vectorOf } from './postgres-words.ts';
import type { StreamRecord } from './records.ts';
import { resumptionsOf } from './resumptions.ts';
import { encodeStream } from './stream-json.ts';

/**
 * A group of changes as the statement `write` takes it: a column at a time. Only what there is of each id in the end is in it,
 * because one statement cannot change a row twice.
 * @param askedMs when it is asked, by the same clock as `nowMs`.
 */
export function writeParameters(
  changes: readonly HistoryChange[],
  nowMs: number,
  askedMs: number,
): readonly unknown[] {
  const finals = new Map<string, FinalMessage>();
  const streams = new Map<string, Exclude<HistoryChange, { readonly type: 'final' }>>();
  for (const change of changes) {
    if (change.type === 'final') finals.set(change.caption.captionId, change.caption);
    else streams.set(change.type === 'stream' ? change.record.streamId : change.streamId, change);
  }
  const captions = [...finals.values()];
  const records: StreamRecord[] = [];
  const gone: Extract<HistoryChange, { readonly type: 'forget' }>[] = [];
  for (const change of streams.values())
    if (change.type === 'stream') records.push(change.record);
    else gone.push(change);

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
    captions.map(resumptionsOf),
    records.map(({ streamId }) => streamId),
    records.map(({ tokenHash }) => tokenHash),
    records.map(({ meeting }) => meeting),
    records.map(encodeStream),
    records.map(({ resumptions }) => resumptions),
    gone.map(({ streamId }) => streamId),
    gone.map(({ resumptions }) => resumptions),
    askedMs,
  ];
}
