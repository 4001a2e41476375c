import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../server/failure.ts';
import { openWav } from '../server/recording/wav.ts';
import { type WavLayout, writeWav } from './fixtures/audio/write-wav.ts';
import { memoryFile, readWhole } from './support/memory-file.ts';

const OPTIONS = { label: 'clip.wav', maxMs: 12 * 3_600_000 };

async function decode(bytes: Uint8Array): ReturnType<typeof readWhole> {
  return readWhole(await openWav(memoryFile(bytes), bytes.length, OPTIONS));
}

async function wavSamples(layout: WavLayout, data: Uint8Array): Promise<number[]> {
  const outcome = await decode(writeWav(layout, data));
  if ('needsFfmpeg' in outcome) throw new Error(outcome.needsFfmpeg);
  return outcome.samples;
}

/** Three whole 16-bit samples: a quarter, nothing, and minus a half. */
const QUARTERS = Buffer.from('0020' + '0000' + '00c0', 'hex');
const QUARTERS_READ = [0.25, 0, -0.5];
const PCM16: WavLayout = { tag: 1, bits: 16 };

describe('openWav', () => {
  test('mixes its channels and tells its rate and channels', async () => {
    const data = Buffer.from('0040' + '00c0' + '0040' + '0000', 'hex');
    const file = writeWav({ tag: 1, bits: 16, channels: 2, sampleRate: 44_100 }, data);
    expect(await decode(file)).toEqual({ sampleRate: 44_100, channels: 2, samples: [0, 0.25] });
  });

  test.each<[string, WavLayout, string]>([
    ['8-bit PCM', { tag: 1, bits: 8 }, 'a0' + '80' + '40'],
    ['24-bit PCM', { tag: 1, bits: 24 }, '000020' + '000000' + '0000c0'],
    ['32-bit PCM', { tag: 1, bits: 32 }, '00000020' + '00000000' + '000000c0'],
    ['32-bit float', { tag: 3, bits: 32 }, '0000803e' + '00000000' + '000000bf'],
    ['64-bit float', { tag: 3, bits: 64 }, '000000000000d03f' + '0000000000000000' + '000000000000e0bf'],
    ['extensible PCM', { tag: 1, bits: 16, extensible: true }, '0020' + '0000' + '00c0'],
    ['extensible float', { tag: 3, bits: 32, extensible: true }, '0000803e' + '00000000' + '000000bf'],
  ])('decodes %s', async (_, layout, data) => {
    expect(await wavSamples(layout, Buffer.from(data, 'hex'))).toEqual(QUARTERS_READ);
  });

  test('decodes G.711', async () => {
    expect(await wavSamples({ tag: 7, bits: 8, sampleRate: 8000 }, Buffer.of(0x80, 0xff))).toEqual([
      32_124 / 32_768,
      0,
    ]);
    expect(await wavSamples({ tag: 6, bits: 8, sampleRate: 8000 }, Buffer.of(0xaa, 0x2a))).toEqual([
      0.984375, -0.984375,
    ]);
  });

  test('skips other chunks and the padding of odd ones', async () => {
    const before = [
      ['LIST', Buffer.alloc(7, 1)],
      ['junk', Buffer.alloc(2)],
    ] as const;
    expect(await wavSamples({ ...PCM16, before, after: [['id3 ', Buffer.alloc(9, 1)]] }, QUARTERS)).toEqual(
      QUARTERS_READ,
    );
  });

  test('reads to the end where a streaming writer left the size open', async () => {
    for (const open of [0, 0xffffffff]) {
      const layout = { ...PCM16, claimedBytes: open, claimedFileBytes: open };
      expect(await wavSamples(layout, QUARTERS)).toEqual(QUARTERS_READ);
    }
  });

  test('takes no later chunk for the audio of a file that is finished and has none', async () => {
    const layout: WavLayout = { ...PCM16, after: [['LIST', Buffer.alloc(8, 1)]] };
    await expect(wavSamples(layout, Buffer.alloc(0))).rejects.toThrow('clip.wav holds no audio.');
  });

  test('keeps the whole frames of a file that is cut short', async () => {
    const stereo = writeWav({ ...PCM16, channels: 2 }, Buffer.from('0020' + '0020' + '0040' + '0040', 'hex'));
    for (const missing of [1, 2, 3, 4]) {
      expect(await decode(stereo.subarray(0, stereo.length - missing))).toMatchObject({ samples: [0.25] });
    }
  });

  test('reads or refuses any bytes behind a WAV header, and never crashes', async () => {
    const sound = writeWav({ ...PCM16, extensible: true }, QUARTERS);
    const changes = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(sound.length), async (bytes, length) => {
        const damaged = Buffer.from(sound);
        for (const [at, byte] of bytes) damaged[at] = byte;
        try {
          const outcome = await decode(damaged.subarray(0, length));
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
  ])('refuses a file with %s', async (_, bytes, sentence) => {
    await expect(decode(bytes)).rejects.toBeInstanceOf(Failure);
    await expect(decode(bytes)).rejects.toThrow(sentence);
  });

  test.each<[string, WavLayout]>([
    ['coded as MS ADPCM', { tag: 2, bits: 4, channels: 2 }],
    ['coded as format 0x0161', { tag: 0x161, bits: 16 }],
    ['at 96000 Hz', { ...PCM16, sampleRate: 96_000 }],
  ])('hands a file %s to ffmpeg', async (name, layout) => {
    expect(await decode(writeWav(layout, QUARTERS))).toEqual({ needsFfmpeg: `a WAV file ${name}` });
  });

  test('refuses what is too long before it reads any of it', async () => {
    const layout: WavLayout = { tag: 1, bits: 8, sampleRate: 8000, claimedBytes: 0xffffffff };
    const header = writeWav(layout, Buffer.alloc(0));
    const bytes = (hours: number) => header.length + hours * 3600 * 8000;
    const longest = await openWav(memoryFile(header), bytes(12), OPTIONS);
    expect(longest).toMatchObject({ sampleRate: 8000 });
    await expect(openWav(memoryFile(header), bytes(12) + 1, OPTIONS)).rejects.toThrow(
      'clip.wav is longer than 12 hours. Split it into shorter recordings.',
    );
    await expect(openWav(memoryFile(header), bytes(12), { ...OPTIONS, maxMs: 90_000 })).rejects.toThrow(
      'clip.wav is longer than 90 seconds.',
    );
  });

  test('goes on where the file gives less than it was asked for', async () => {
    const data = Buffer.alloc(200_003, 7);
    const bytes = writeWav(PCM16, data);
    const whole = await decode(bytes);
    expect(await readWhole(await openWav(memoryFile(bytes, 1001), bytes.length, OPTIONS))).toEqual(whole);
    expect(whole).toMatchObject({ samples: { length: 100_001 } });
  });
});
