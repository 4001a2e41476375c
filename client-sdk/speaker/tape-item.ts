import type { FlushMessage, GapMessage, MarkerMessage, StopMessage } from '../protocol.ts';

/** What goes over the wire besides audio, each at its place in it. */
export type Control = GapMessage | MarkerMessage | FlushMessage | StopMessage;

/** One message's worth; exactly one of the two is there. */
export interface Item {
  /** The bytes of whole frames, never written to again once sent; null for a control. */
  readonly pcm: Uint8Array<ArrayBuffer> | null;
  readonly control: Control | null;
  /** Frames of audio; 0 for a control. */
  readonly frames: number;
  /** Where it lies in all audio that was ever handed in. */
  readonly atFrame: number;
  /** Whether any connection of this stream has been handed it. */
  sent: boolean;
}

/** Longest gap that can be told. */
const MAX_GAP_MS = 86_400_000;

/** A sent control right where a stream goes on has done what it does. But for `stop`: its answer is still awaited. */
export function isDealtWith(item: Item | undefined): boolean {
  return item?.control != null && item.sent && item.control.type !== 'stop';
}

/** An item that is not audio, not sent yet. @param atFrame as `Item` has it. */
export function controlItem(control: Control, atFrame: number): Item {
  return { pcm: null, control, frames: 0, atFrame, sent: false };
}

/** As a message may tell it. */
export function gap(durationMs: number): GapMessage {
  return { type: 'gap', durationMs: Math.min(MAX_GAP_MS, Math.max(1, Math.round(durationMs))) };
}

/** Two items of one of audio, the first with so many frames. */
export function splitItem(item: Item, frames: number): readonly [Item, Item] {
  const { pcm, atFrame } = item;
  const atByte = (pcm!.length / item.frames) * frames;

  return [
    { ...item, pcm: pcm!.subarray(0, atByte), frames },
    { ...item, pcm: pcm!.subarray(atByte), frames: item.frames - frames, atFrame: atFrame + frames },
  ];
}
