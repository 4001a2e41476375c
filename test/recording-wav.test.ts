import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../server/failure.ts';
import type { Recording } from '../server/recording/recording.ts';
import { decodeWav } from '../server/recording/wav.ts';
import { type WavLayout, writeWav } from './fixtures/audio/write-wav.ts';

function wavSamples(layout: WavLayout, data: Uint8Array): number[] {
  const outcome = decodeWav(writeWav(layout, data), 'clip.wav');
  if ('needsFfmpeg' in outcome) throw new Error(outcome.needsFfmpeg);
  return [...outcome.samples];
}

/** Three whole 16-bit samples: a quarter, nothing, and minus a half. */
const QUARTERS = Buffer.from('0020' + '0000' + '00c0', 'hex');
const QUARTERS_READ = [0.25, 0, -0.5];
const PCM16: WavLayout = { tag: 1, bits: 16 };

describe('decodeWav', () => {
  test('mixes its channels and tells its rate, channels and length', () => {
    const data = Buffer.from('0040' + '00c0' + '0040' + '0000', 'hex');
    const file = writeWav({ tag: 1, bits: 16, channels: 2, sampleRate: 44_100 }, data);
    expect(decodeWav(file, 'clip.wav')).toEqual({
      sampleRate: 44_100,
      channels: 2,
      samples: Float32Array.of(0, 0.25),
      durationMs: 2000 / 44_100,
    });
  });

  test.each<[string, WavLayout, string]>([
    ['8-bit PCM', { tag: 1, bits: 8 }, 'a0' + '80' + '40'],
    ['24-bit PCM', { tag: 1, bits: 24 }, '000020' + '000000' + '0000c0'],
    ['32-bit PCM', { tag: 1, bits: 32 }, '00000020' + '00000000' + '000000c0'],
    ['32-bit float', { tag: 3, bits: 32 }, '0000803e' + '00000000' + '000000bf'],
    ['64-bit float', { tag: 3, bits: 64 }, '000000000000d03f' + '0000000000000000' + '000000000000e0bf'],
    ['extensible PCM', { tag: 1, bits: 16, extensible: true }, '0020' + '0000' + '00c0'],
    ['extensible float', { tag: 3, bits: 32, extensible: true }, '0000803e' + '00000000' + '000000bf'],
  ])('decodes %s', (_, layout, data) => {
    expect(wavSamples(layout, Buffer.from(data, 'hex'))).toEqual(QUARTERS_READ);
  });

  test('decodes G.711', () => {
    expect(wavSamples({ tag: 7, bits: 8, sampleRate: 8000 }, Buffer.of(0x80, 0xff))).toEqual([
      32_124 / 32_768,
      0,
    ]);
    expect(wavSamples({ tag: 6, bits: 8, sampleRate: 8000 }, Buffer.of(0xaa, 0x2a))).toEqual([
      0.984375, -0.984375,
    ]);
  });

  test('skips other chunks and the padding of odd ones', () => {
    const before = [
      ['LIST', Buffer.alloc(7, 1)],
      ['junk', Buffer.alloc(2)],
    ] as const;
    expect(wavSamples({ ...PCM16, before, after: [['id3 ', Buffer.alloc(9, 1)]] }, QUARTERS)).toEqual(
      QUARTERS_READ,
    );
  });

  test('reads to the end where a streaming writer left the size open', () => {
    for (const open of [0, 0xffffffff]) {
      const layout = { ...PCM16, claimedBytes: open, claimedFileBytes: open };
      expect(wavSamples(layout, QUARTERS)).toEqual(QUARTERS_READ);
    }
  });

  test('takes no later chunk for the audio of a file that is finished and has none', () => {
    const layout: WavLayout = { ...PCM16, after: [['LIST', Buffer.alloc(8, 1)]] };
    expect(() => wavSamples(layout, Buffer.alloc(0))).toThrow('clip.wav holds no audio.');
  });

  test('keeps the whole frames of a file that is cut short', () => {
    const stereo = writeWav({ ...PCM16, channels: 2 }, Buffer.from('0020' + '0020' + '0040' + '0040', 'hex'));
    for (const missing of [1, 2, 3, 4]) {
      const outcome = decodeWav(stereo.subarray(0, stereo.length - missing), 'clip.wav') as Recording;
      expect([...outcome.samples]).toEqual([0.25]);
    }
  });

  test('reads or refuses any bytes behind a WAV header, and never crashes', () => {
    const sound = writeWav({ ...PCM16, extensible: true }, QUARTERS);
    const changes = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(changes, fc.nat(sound.length), (bytes, length) => {
        const damaged = Buffer.from(sound);
        for (const [at, byte] of bytes) damaged[at] = byte;
        try {
          const outcome = decodeWav(damaged.subarray(0, length), 'clip.wav');
          if (!('needsFfmpeg' in outcome))
            expect(outcome.samples.every((sample) => Math.abs(sample) <= 1)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['no format', Buffer.from('RIFF\0\0\0\0WAVEdata\0\0\0\0', 'latin1'), /damaged WAV file/],
    ['no channels', writeWav({ ...PCM16, channels: 0 }, QUARTERS), /damaged WAV file: it claims 0 channels/],
    ['no rate', writeWav({ ...PCM16, sampleRate: 0 }, QUARTERS), /damaged WAV file.* 0 Hz/],
    ['no audio', writeWav(PCM16, Buffer.alloc(0)), /holds no audio/],
  ])('refuses a file with %s', (_, bytes, sentence) => {
    expect(() => decodeWav(bytes, 'clip.wav')).toThrow(Failure);
    expect(() => decodeWav(bytes, 'clip.wav')).toThrow(sentence);
  });

  test.each<[string, WavLayout]>([
    ['coded as MS ADPCM', { tag: 2, bits: 4, channels: 2 }],
    ['coded as format 0x0161', { tag: 0x161, bits: 16 }],
    ['at 96000 Hz', { ...PCM16, sampleRate: 96_000 }],
  ])('hands a file %s to ffmpeg', (name, layout) => {
    expect(decodeWav(writeWav(layout, QUARTERS), 'clip.wav')).toEqual({ needsFfmpeg: `a WAV file ${name}` });
  });

  test('refuses more than 12 hours', () => {
    const layout: WavLayout = { tag: 1, bits: 8, sampleRate: 8000, claimedBytes: 0xffffffff };
    const header = writeWav(layout, Buffer.alloc(0));
    const file = new Uint8Array(header.length + 12 * 3600 * 8000 + 1);
    file.set(header);
    expect(() => decodeWav(file, 'long.wav')).toThrow('long.wav is longer than 12 hours.');
  });
});
