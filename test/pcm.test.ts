import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AUDIO_ENCODINGS } from '../client-sdk/protocol.ts';
import { createPcmDecoder, MisalignedAudioError } from '../server/audio/pcm.ts';

/** The same bytes at an odd address, where no 16 or 32-bit view may begin. */
function unaligned(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(bytes.length + 3);
  const odd = memory.subarray(1, 1 + bytes.length);
  odd.set(bytes);
  return odd;
}

function bytesOf(samples: Int16Array | Float32Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

function decodeCodes(encoding: 'mulaw' | 'alaw', codes: readonly number[]): number[] {
  const decoder = createPcmDecoder({ encoding, channels: 1 });
  return Array.from(decoder.decode(Uint8Array.from(codes)), (sample) => sample * 32_768);
}

describe('PcmDecoder', () => {
  test('scales 16-bit integers by 2^15', () => {
    const decoder = createPcmDecoder({ encoding: 'pcm_s16le', channels: 1 });
    const samples = decoder.decode(Uint8Array.of(0, 0, 0xff, 0x7f, 0, 0x80, 0xff, 0xff, 0, 0x40));
    expect([...samples]).toEqual([0, 32_767 / 32_768, -1, -1 / 32_768, 0.5]);
  });

  test('takes floats as they are, wherever they lie in memory', () => {
    const decoder = createPcmDecoder({ encoding: 'pcm_f32le', channels: 1 });
    fc.assert(
      fc.property(fc.float32Array({ min: -1, max: 1, noNaN: true, maxLength: 40 }), (samples) => {
        const mono = decoder.decode(unaligned(bytesOf(samples)));
        return mono.every((sample, i) => sample === samples[i]) && mono.length === samples.length;
      }),
    );
  });

  test('clamps floats and silences those that are not finite', () => {
    const decoder = createPcmDecoder({ encoding: 'pcm_f32le', channels: 1 });
    const wild = Float32Array.of(
      1.5,
      -7,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      0.25,
    );
    expect([...decoder.decode(bytesOf(wild))]).toEqual([1, -1, 0, 0, 0, 0.25]);
  });

  test('cleans each channel before they are mixed', () => {
    const decoder = createPcmDecoder({ encoding: 'pcm_f32le', channels: 2 });
    expect([...decoder.decode(bytesOf(Float32Array.of(9, 0, Number.NaN, 0.5)))]).toEqual([0.5, 0.25]);
  });

  test('mixes interleaved channels by their mean', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }).chain((channels) =>
          fc.record({
            channels: fc.constant(channels),
            frames: fc.array(
              fc.array(fc.integer({ min: -32_768, max: 32_767 }), {
                minLength: channels,
                maxLength: channels,
              }),
              { maxLength: 20 },
            ),
          }),
        ),
        ({ channels, frames }) => {
          const decoder = createPcmDecoder({ encoding: 'pcm_s16le', channels });
          const mono = decoder.decode(unaligned(bytesOf(Int16Array.from(frames.flat()))));
          expect(mono.length).toBe(frames.length);
          frames.forEach((frame, i) => {
            const mean = frame.reduce((sum, sample) => sum + sample, 0) / channels / 32_768;
            expect(mono[i]).toBeCloseTo(mean, 6);
            expect(Math.abs(mono[i]!)).toBeLessThanOrEqual(1);
          });
        },
      ),
    );
  });

  test('decodes µ-law as ITU-T G.711 tabulates it', () => {
    // Tables 2a and 2b, times 4: the ends of segments 8 and 2, the first two of segment 1; negative below 0x80.
    expect(decodeCodes('mulaw', [0x80, 0x8f, 0xe0, 0xef, 0xfe, 0xff])).toEqual(
      [8031, 4191, 93, 33, 2, 0].map((value) => value * 4),
    );
    expect(decodeCodes('mulaw', [0x00, 0x0f, 0x60, 0x6f, 0x7e, 0x7f])).toEqual(
      [-8031, -4191, -93, -33, -2, 0].map((value) => value * 4),
    );
  });

  test('decodes A-law as ITU-T G.711 tabulates it', () => {
    // Tables 1a and 1b, times 8: the ends of segment 7, the first of 3, 2 and 1; the even bits are inverted.
    const codes = [0xff, 0xf0, 0xa0, 0x90, 0x80].map((code) => code ^ 0x55);
    expect(decodeCodes('alaw', codes)).toEqual([4032, 2112, 66, 33, 1].map((value) => value * 8));
    expect(
      decodeCodes(
        'alaw',
        codes.map((code) => code ^ 0x80),
      ),
    ).toEqual([-4032, -2112, -66, -33, -1].map((value) => value * 8));
  });

  test('tells how many bytes a frame has', () => {
    const frameBytes = (channels: number) =>
      AUDIO_ENCODINGS.map((encoding) => createPcmDecoder({ encoding, channels }).frameBytes);
    expect(frameBytes(1)).toEqual([2, 4, 1, 1]);
    expect(frameBytes(3)).toEqual([6, 12, 3, 3]);
  });

  test('refuses a byte count that is not a whole number of frames', () => {
    const decoder = createPcmDecoder({ encoding: 'pcm_s16le', channels: 2 });
    expect(() => decoder.decode(new Uint8Array(6))).toThrow(MisalignedAudioError);
    expect(() => decoder.decode(new Uint8Array(6))).toThrow(/6 bytes.*multiple of 4/);
  });

  test('decodes no bytes to no samples', () => {
    for (const encoding of AUDIO_ENCODINGS) {
      expect(createPcmDecoder({ encoding, channels: 1 }).decode(new Uint8Array(0))).toHaveLength(0);
    }
  });

  test('returns samples of their own that outlive the bytes', () => {
    for (const encoding of AUDIO_ENCODINGS) {
      const decoder = createPcmDecoder({ encoding, channels: 1 });
      const bytes = new Uint8Array(8).fill(0x3e);
      const samples = decoder.decode(bytes);
      const before = [...samples];
      bytes.fill(0);
      expect([...samples]).toEqual(before);
      expect(samples.buffer).not.toBe(bytes.buffer);
      expect(samples.buffer.byteLength).toBe(samples.byteLength);
    }
  });

  test.each([0, 9, 1.5, Number.NaN])('refuses %d channels', (channels) => {
    expect(() => createPcmDecoder({ encoding: 'mulaw', channels })).toThrow(RangeError);
  });
});
