/** Mono audio. */
export interface WavAudio {
  /** From -1 to 1; the mean of the channels where there were several. */
  readonly samples: Float32Array<ArrayBuffer>;
  /** Per second. */
  readonly sampleRate: number;
}

interface Layout {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
}

const TAG_PCM = 1;
const TAG_FLOAT = 3;
/** The tag is the first two bytes of a GUID then. */
const TAG_EXTENSIBLE = 0xfffe;
const GUID_AT = 24;

const CONVERT = 'Convert it: ffmpeg -i FILE -ac 1 -ar 16000 -f wav talk.wav';

/**
 * Reads a RIFF/WAVE file with PCM of 16 bits or floats of 32. One that was cut short is read as far as it goes.
 *
 * Layout: IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991, and Microsoft, "Multiple
 * channel audio data and WAVE files", 2001.
 *
 * @throws {RangeError} when it is anything else. Says what to do.
 */
export function readWav(file: Uint8Array): WavAudio {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.byteLength < 12 || textAt(view, 0) !== 'RIFF' || textAt(view, 8) !== 'WAVE')
    throw new RangeError(`This is no WAV file. ${CONVERT}`);
  const chunks = readChunks(view);
  const format = chunks.get('fmt ');
  const data = chunks.get('data');
  if (!format || format.byteLength < 16 || !data)
    throw new RangeError(
      `This WAV file is damaged: it has no audio, or does not say what it is like. ${CONVERT}`,
    );
  const layout = readLayout(format);
  const read = readerOf(layout);
  if (!read || layout.channels === 0)
    throw new RangeError(
      `This WAV file holds ${layout.bits} bits in coding ${layout.tag}; 16-bit PCM and 32-bit floats can be read. ${CONVERT}`,
    );

  return { samples: mixDown(data, layout, read), sampleRate: layout.sampleRate };
}

type ReadSample = (data: DataView, at: number) => number;

function readerOf({ tag, bits }: Layout): ReadSample | null {
  if (tag === TAG_PCM && bits === 16) return (data, at) => data.getInt16(at, true) / 32_768;
  if (tag === TAG_FLOAT && bits === 32) return (data, at) => data.getFloat32(at, true);

  return null;
}

function mixDown(data: DataView, { channels, bits }: Layout, read: ReadSample): Float32Array<ArrayBuffer> {
  const sampleBytes = bits / 8;
  const samples = new Float32Array(Math.floor(data.byteLength / sampleBytes / channels));
  for (let frame = 0, at = 0; frame < samples.length; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at += sampleBytes) sum += read(data, at);
    samples[frame] = sum / channels;
  }

  return samples;
}

/** By name, the first of each. */
function readChunks(view: DataView): ReadonlyMap<string, DataView> {
  const chunks = new Map<string, DataView>();
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const name = textAt(view, at);
    const rest = view.byteLength - at - 8;
    const claimed = view.getUint32(at + 4, true);
    // Who writes to a pipe cannot fill the size in.
    const size = name === 'data' && claimed === 0 ? rest : Math.min(claimed, rest);
    if (!chunks.has(name)) chunks.set(name, new DataView(view.buffer, view.byteOffset + at + 8, size));
    // Chunks begin at even offsets.
    at += 8 + size + (size % 2);
  }

  return chunks;
}

function readLayout(format: DataView): Layout {
  const tag = format.getUint16(0, true);
  const isExtensible = tag === TAG_EXTENSIBLE && format.byteLength >= GUID_AT + 2;

  return {
    tag: isExtensible ? format.getUint16(GUID_AT, true) : tag,
    channels: format.getUint16(2, true),
    sampleRate: format.getUint32(4, true),
    bits: format.getUint16(14, true),
  };
}

function textAt(view: DataView, at: number): string {
  return String.fromCharCode(...Array.from({ length: 4 }, (_, i) => view.getUint8(at + i)));
}
