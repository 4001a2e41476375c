/** Bytes from a file's beginning that `recognizeFormat` looks at. */
export const HEAD_BYTES = 64;

/** What a file is by its content. `name` goes after "is". */
export interface Format {
  readonly kind: 'wav' | 'flac' | 'other';
  readonly name: string;
}

/** Signature, the offset it lies at, and what it says; the first that fits counts. */
const SIGNATURES: readonly (readonly [signature: string, offset: number, name: string])[] = [
  ['OpusHead', 28, 'an Ogg Opus recording'],
  ['\x01vorbis', 28, 'an Ogg Vorbis recording'],
  ['\x7fFLAC', 28, 'an Ogg FLAC recording'],
  ['Speex   ', 28, 'an Ogg Speex recording'],
  ['OggS', 0, 'an Ogg recording'],
  ['ID3', 0, 'an MP3 recording'],
  ['ftyp', 4, 'an MP4 or M4A recording'],
  ['\x1aE\xdf\xa3', 0, 'a WebM or Matroska recording'],
  ['AIF', 8, 'an AIFF recording'],
  ['RF64', 0, 'an RF64 recording'],
  ['caff', 0, 'a Core Audio recording'],
  ['#!AMR', 0, 'an AMR recording'],
  ['\x30\x26\xb2\x75', 0, 'a Windows Media recording'],
  ['.snd', 0, 'a Sun AU recording'],
  ['wvpk', 0, 'a WavPack recording'],
];

/** Tells what a file is from its first `HEAD_BYTES` bytes (or fewer, of a shorter file), whatever its name says. */
export function recognizeFormat(head: Uint8Array): Format {
  const text = String.fromCharCode(...head.subarray(0, HEAD_BYTES));
  if (text.startsWith('RIFF') && text.startsWith('WAVE', 8)) return { kind: 'wav', name: 'a WAV file' };
  if (text.startsWith('fLaC')) return { kind: 'flac', name: 'a FLAC file' };
  const known = SIGNATURES.find(([signature, offset]) => text.startsWith(signature, offset));
  return { kind: 'other', name: known?.[2] ?? mpegName(head) ?? 'a file of a kind not known here' };
}

/** MPEG audio without a tag begins with a frame: 11 bits set, 2 of version, 2 of layer (3 is coded 1, ADTS is 0). */
function mpegName(head: Uint8Array): string | null {
  const [first = 0, second = 0] = head;
  if (first !== 0xff || (second & 0xe0) !== 0xe0) return null;
  if ((second & 0xf6) === 0xf0) return 'an AAC recording';
  return (second & 0x06) === 0x02 ? 'an MP3 recording' : null;
}
