import type { StreamRecord } from './records.ts';

/**
 * A stream's record as JSON text. What voice detection remembers is base64 of its floats, so that not a bit changes: with a
 * rounded one captions might end elsewhere after a restart. Everything else is whole numbers, text, and finite floats,
 * which JSON.stringify writes so that they are read back the same.
 */
export function encodeStream(record: StreamRecord): string {
  const { checkpoint } = record;
  const { state } = checkpoint.hearing;
  const text = state && Buffer.from(state.buffer, state.byteOffset, state.byteLength).toString('base64');

  return JSON.stringify({
    ...record,
    checkpoint: { ...checkpoint, hearing: { ...checkpoint.hearing, state: text } },
  });
}

/** Reads what `encodeStream` wrote. */
export function decodeStream(text: string): StreamRecord {
  const record = JSON.parse(text) as StreamRecord;
  const { checkpoint } = record;
  const encoded = checkpoint.hearing.state as unknown as string | null;

  return {
    ...record,
    checkpoint: {
      ...checkpoint,
      hearing: { ...checkpoint.hearing, state: encoded === null ? null : floatsOf(encoded) },
    },
  };
}

/** In memory of its own: a Buffer's may lie at an address that floats cannot have. */
function floatsOf(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}
