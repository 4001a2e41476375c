import { describe, expect, it } from 'vitest';
import { sendWav } from '../client-sdk/node.ts';
import { writeWav } from './fixtures/audio/write-wav.ts';
import { SpeakerRig } from './support/speaker-rig.ts';

const RAMP = Array.from({ length: 4000 }, (_, i) => i / 8192);

function wav16(samples: readonly number[], sampleRate = 16_000, channels = 1): Uint8Array {
  const pcm = Int16Array.from(samples, (sample) => sample * 32_768);

  return writeWav({ tag: 1, bits: 16, sampleRate, channels }, new Uint8Array(pcm.buffer));
}

async function send(file: Uint8Array): Promise<readonly number[]> {
  const rig = new SpeakerRig();
  await rig.turn();
  await sendWav(rig.speaker, file, { pace: 'fast' });
  await rig.turn();

  return rig.server.stream.received;
}

describe('sendWav', () => {
  it('sends 16-bit PCM', async () => {
    expect(await send(wav16(RAMP))).toEqual(RAMP);
  });

  it('sends floats, in the extensible form too', async () => {
    const data = new Uint8Array(Float32Array.from(RAMP).buffer);
    expect(await send(writeWav({ tag: 3, bits: 32 }, data))).toEqual(RAMP);
    expect(await send(writeWav({ tag: 3, bits: 32, extensible: true }, data))).toEqual(RAMP);
  });

  it('mixes channels down', async () => {
    const stereo = RAMP.flatMap((sample) => [sample + 0.25, sample - 0.25]);
    expect(await send(wav16(stereo, 16_000, 2))).toEqual(RAMP);
  });

  it('brings other rates to the 16 kHz of the speaker', async () => {
    expect(await send(wav16(RAMP, 48_000))).toHaveLength(Math.ceil(RAMP.length / 3));
  });

  it('reads what was cut short, and what came of a pipe, as far as it goes', async () => {
    const data = new Uint8Array(Int16Array.from([1, 2, 3]).buffer);
    const expected = [1 / 32_768, 2 / 32_768, 3 / 32_768];
    expect(await send(writeWav({ tag: 1, bits: 16, claimedBytes: 0 }, data))).toEqual(expected);
    expect(await send(writeWav({ tag: 1, bits: 16, claimedBytes: 0xffffffff }, data))).toEqual(expected);
  });

  it.each([
    ['no WAV file', new TextEncoder().encode('ID3 and so on'), 'no WAV file'],
    ['another coding', writeWav({ tag: 2, bits: 4 }, new Uint8Array(8)), 'coding 2'],
    ['24 bits', writeWav({ tag: 1, bits: 24 }, new Uint8Array(6)), '24 bits'],
    ['a damaged one', wav16(RAMP).subarray(0, 20), 'damaged'],
  ])('refuses %s, and says how ffmpeg helps', async (_, file, sentence) => {
    await expect(send(file)).rejects.toThrow(sentence);
    await expect(send(file)).rejects.toThrow('ffmpeg');
  });

  it('says which rate to open the speaker with', async () => {
    const rig = new SpeakerRig({ sampleRate: 24_000 });
    await expect(sendWav(rig.speaker, wav16(RAMP))).rejects.toThrow('open the speaker with sampleRate 16000');
  });
});
