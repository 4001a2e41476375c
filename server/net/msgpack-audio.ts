/**
 * Reads `{ type: 'audio', pcm: <bin> }` out of MessagePack without a general parser: audio is most of what comes and
 * by far the largest, and everything else can then be held to a size that parses at once.
 * @returns a view into `bytes`, or null when they are anything else, however close.
 */
export function readAudioMap(bytes: Uint8Array): Uint8Array | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // fixmap of two entries, or map 16
  let at = bytes[0] === 0x82 ? 1 : bytes[0] === 0xde && bytes[1] === 0 && bytes[2] === 2 ? 3 : 0;
  if (at === 0) return null;
  let pcm: Uint8Array | null = null;
  let isAudio = false;
  for (let entry = 0; entry < 2; entry++) {
    const key = readShortText(bytes, at);
    if (!key) return null;
    at = key.end;
    if (key.text === 'type') {
      const type = readShortText(bytes, at);
      if (type?.text !== 'audio') return null;
      isAudio = true;
      at = type.end;
    } else if (key.text === 'pcm') {
      const range = readBinRange(view, at);
      if (!range) return null;
      pcm = bytes.subarray(range.start, range.end);
      at = range.end;
    } else {
      return null;
    }
  }

  return isAudio && at === bytes.length ? pcm : null;
}

/** A fixstr or str 8 at `at`, in ASCII. */
function readShortText(
  bytes: Uint8Array,
  at: number,
): { readonly text: string; readonly end: number } | null {
  const head = bytes[at] ?? 0;
  const isFixstr = (head & 0xe0) === 0xa0;
  if (!isFixstr && head !== 0xd9) return null;
  const start = isFixstr ? at + 1 : at + 2;
  const end = start + (isFixstr ? head & 0x1f : (bytes[at + 1] ?? 0));
  if (end > bytes.length || end - start > 8) return null;

  return { text: String.fromCharCode(...bytes.subarray(start, end)), end };
}

/** Where the bytes of a bin 8, bin 16 or bin 32 at `at` lie. */
function readBinRange(view: DataView, at: number): { readonly start: number; readonly end: number } | null {
  const head = at < view.byteLength ? view.getUint8(at) : 0;
  const lengthBytes = { 196: 1, 197: 2, 198: 4 }[head];
  if (lengthBytes === undefined || at + 1 + lengthBytes > view.byteLength) return null;
  const length =
    lengthBytes === 1
      ? view.getUint8(at + 1)
      : lengthBytes === 2
        ? view.getUint16(at + 1)
        : view.getUint32(at + 1);
  const start = at + 1 + lengthBytes;

  return start + length > view.byteLength ? null : { start, end: start + length };
}
