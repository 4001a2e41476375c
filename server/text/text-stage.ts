import type { Endpoint } from '../../client-sdk/protocol.ts';
import type { Edit } from './edit.ts';

/** Where a text stands in its stream. */
export interface TextPlace {
  /** Why its segment ended; null of one that goes on. */
  readonly endpoint: Endpoint | null;
  /** Whether the segment before was cut for its length, in the middle of what is said. */
  readonly continues: boolean;
}

/**
 * A step that recognised text goes through before anybody reads it.
 *
 * `settled` keeps a promise about text that still grows: for any `text` whose words are whole, and whatever comes behind it,
 * the edits before `settled(text)` are those of `edits(text)`, and none reaches across.
 */
export interface TextStage {
  /** What is to be changed, in its order, without overlap. */
  edits(text: string, place: TextPlace): readonly Edit[];
  /** Characters at the beginning of `text` that are decided, in UTF-16 units. */
  settled(text: string): number;
}
