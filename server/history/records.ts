import type { FinalMessage, StartMessage } from '../../client-sdk/protocol.ts';
import type { StreamCheckpoint } from '../stream/checkpoint.ts';
import type { TimelineState } from '../stream/timeline.ts';

/** A stream as it outlives its connection and its process: everything needed to take it up again. */
export interface StreamRecord {
  readonly streamId: string;
  /** SHA-256 of the resume token, in hexadecimal: who reads the store cannot speak in its streams. */
  readonly tokenHash: string;
  /** The API key's name; null without keys. Only the same key may take the stream up. */
  readonly keyName: string | null;
  readonly meeting: string;
  readonly speaker: string;
  /** What the stream was started with. */
  readonly start: StartMessage;
  readonly checkpoint: StreamCheckpoint;
  readonly timeline: TimelineState;
  /** Finals told so far. */
  readonly captions: number;
  /** How often it was taken up again. */
  readonly resumptions: number;
}

/** What streams want kept. Nothing here throws: what cannot be kept now is kept when it can be. */
export interface Recorder {
  /** Keeps a final. One with the same `captionId` takes its place. */
  final(caption: FinalMessage): void;
  /**
   * Keeps where a stream stands, in place of where it stood before.
   * @param settled called, never before this returns, with true when this, and everything that was to be kept before,
   * outlives the process; with false when there is no room to keep it, nor anything of the stream that comes, or when
   * another process has taken the stream up since. Once at most: where many records of a stream wait for the store, only
   * the newest of them are told.
   */
  stream(record: StreamRecord, settled: (kept: boolean) => void): void;
  /** The stream cannot be taken up again, unless that has happened elsewhere already. @param resumptions its record's. */
  forget(streamId: string, resumptions: number): void;
  /** The stream with that token; null for one that is not known, or no longer. @throws {Error} when the store cannot tell. */
  find(tokenHash: string): Promise<StreamRecord | null>;
  /**
   * Finals of a stream that end after `endMs` of its audio, up to and with `untilMs`, in their order, those that are still
   * to be written among them. @throws {Error} when the store cannot tell.
   */
  finals(streamId: string, endMs: number, untilMs: number): Promise<readonly FinalMessage[]>;
}
