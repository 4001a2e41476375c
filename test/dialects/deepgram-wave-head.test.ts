import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Beheaded, WaveHead } from '../../server/dialects/deepgram/wave-head.ts';

interface Layout {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly sampleBytes: number;
}

const PCM: Layout = { tag: 1, channels: 1, sampleRate: 16_000, sampleBytes: 2 };

function chunk(id: string, contents: Uint8Array, size = contents.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, 0, 'latin1');
  head.writeUInt32LE(size, 4);

  return Buffer.concat([head, contents, Buffer.alloc(contents.length % 2)]);
}

function format({ tag, channels, sampleRate, sampleBytes }: Layout): Buffer {
  const contents = Buffer.alloc(16);
  contents.writeUInt16LE(tag, 0);
  contents.writeUInt16LE(channels, 2);
  contents.writeUInt32LE(sampleRate, 4);
  contents.writeUInt32LE(sampleRate * channels * sampleBytes, 8);
  contents.writeUInt16LE(channels * sampleBytes, 12);
  contents.writeUInt16LE(sampleBytes * 8, 14);

  return chunk('fmt ', contents);
}

/** A WAV file whose writer does not know yet how long it gets. */
function wave(chunks: readonly Buffer[], audio: Uint8Array): Buffer {
  const riff = Buffer.from('RIFF\xff\xff\xff\xffWAVE', 'latin1');
  const data = Buffer.from('data\xff\xff\xff\xff', 'latin1');

  return Buffer.concat([riff, ...chunks, data, audio]);
}

/** Takes a file in pieces of these lengths, over and over. */
function takeInPieces(file: Uint8Array, lengths: readonly number[]): { beheaded: Beheaded; audio: Buffer } {
  const head = new WaveHead();
  let beheaded: Beheaded | null = null;
  const audio: Uint8Array[] = [];
  for (let at = 0, i = 0; at < file.length; i++) {
    const piece = file.subarray(at, at + lengths[i % lengths.length]!);
    at += piece.length;
    if (beheaded) audio.push(piece);
    else {
      beheaded = head.take(piece);
      if (beheaded) audio.push(beheaded.audio);
    }
  }

  return { beheaded: beheaded!, audio: Buffer.concat(audio) };
}

describe('The head of a WAV stream', () => {
  it('is told from its audio wherever the bytes are cut', () => {
    const audio = Buffer.from(Uint8Array.from({ length: 300 }, (_, i) => i));
    const chunks = [chunk('LIST', new Uint8Array(27)), format(PCM), chunk('fact', new Uint8Array(4))];
    const file = wave(chunks, audio);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }), (lengths) => {
        const taken = takeInPieces(file, lengths);
        expect(taken.beheaded.format).toEqual({ encoding: 'pcm_s16le', sampleRate: 16_000, channels: 1 });
        expect(taken.audio.equals(audio)).toBe(true);
      }),
    );
  });

  it.each([
    ['32-bit float', { ...PCM, tag: 3, sampleBytes: 4 }, 'pcm_f32le'],
    ['mu-law', { ...PCM, tag: 7, sampleBytes: 1, sampleRate: 8000 }, 'mulaw'],
    ['A-law', { ...PCM, tag: 6, sampleBytes: 1, channels: 2 }, 'alaw'],
  ])('may say %s', (_, layout, encoding) => {
    const { sampleRate, channels } = layout;
    const beheaded = new WaveHead().take(wave([format(layout)], new Uint8Array(8)));
    expect(beheaded?.format).toEqual({ encoding, sampleRate, channels });
  });

  it.each([
    ['another container', Buffer.from('\x1aE\xdf\xa3', 'latin1')],
    ['another kind of RIFF', Buffer.from('RIFF\0\0\0\0AVI ', 'latin1')],
    ['24-bit PCM', wave([format({ ...PCM, sampleBytes: 3 })], new Uint8Array())],
    ['MP3', wave([format({ ...PCM, tag: 85 })], new Uint8Array())],
    ['no channels', wave([format({ ...PCM, channels: 0 })], new Uint8Array())],
    ['too many channels', wave([format({ ...PCM, channels: 9 })], new Uint8Array())],
    ['too low a rate', wave([format({ ...PCM, sampleRate: 4000 })], new Uint8Array())],
    ['a format that is cut short', wave([chunk('fmt ', new Uint8Array(4))], new Uint8Array())],
    ['no format', wave([], new Uint8Array())],
    [
      'an endless head',
      Buffer.concat([wave([], new Uint8Array()).subarray(0, 12), chunk('junk', new Uint8Array(70_000))]),
    ],
  ])('is refused for %s', (_, bytes) => {
    expect(() => new WaveHead().take(bytes)).toThrow(
      expect.objectContaining({ code: 'unsupported-encoding' }),
    );
  });
});
