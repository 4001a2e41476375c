import type { DoneMessage } from '../protocol.ts';

/** What two streams of one speaker came to, under the later one's name. */
export function addBooks(earlier: DoneMessage, later: DoneMessage): DoneMessage {
  return {
    ...later,
    captions: earlier.captions + later.captions,
    receivedMs: earlier.receivedMs + later.receivedMs,
    transcribedMs: earlier.transcribedMs + later.transcribedMs,
    silenceMs: earlier.silenceMs + later.silenceMs,
    droppedMs: earlier.droppedMs + later.droppedMs,
  };
}
