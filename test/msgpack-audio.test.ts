import fc from 'fast-check';
import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { readAudioMap } from '../server/net/msgpack-audio.ts';

describe('Audio in MessagePack', () => {
  test('is read whatever its length, whichever key comes first', () => {
    for (const length of [0, 1, 255, 256, 65_535, 65_536, 200_000]) {
      const pcm = Uint8Array.from({ length }, (_, i) => i % 251);
      for (const message of [
        { type: 'audio', pcm },
        { pcm, type: 'audio' },
      ]) {
        expect(readAudioMap(pack(message))).toEqual(Buffer.from(pcm));
      }
    }
  });

  test('is read in the wider forms that other libraries write', () => {
    const wide = [0xde, 0, 2, 0xd9, 4, ...Buffer.from('type'), 0xd9, 5, ...Buffer.from('audio'), 0xd9, 3];
    const bytes = Uint8Array.from([...wide, ...Buffer.from('pcm'), 0xc6, 0, 0, 0, 2, 7, 8]);
    expect(readAudioMap(bytes)).toEqual(Uint8Array.of(7, 8));
  });

  test('is nothing else', () => {
    const others = [
      { type: 'stop' },
      { type: 'stop', pcm: new Uint8Array(4) },
      { type: 'audio', pcm: 'text' },
      { type: 'audio', pcm: new Uint8Array(4), more: 1 },
      { type: 'audio', type2: 'audio' },
      [1, 2],
      'audio',
    ];
    for (const other of others) expect(readAudioMap(pack(other))).toBeNull();
  });

  test('is refused when it is cut short or goes on', () => {
    const bytes = pack({ type: 'audio', pcm: new Uint8Array(300) });
    for (let end = 0; end < bytes.length; end++) expect(readAudioMap(bytes.subarray(0, end))).toBeNull();
    expect(readAudioMap(Buffer.concat([bytes, Buffer.of(0)]))).toBeNull();
  });

  test('never reads beyond what came, whatever came', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const pcm = readAudioMap(Uint8Array.from([0x82, ...bytes]));
        expect(pcm === null || pcm.length <= bytes.length).toBe(true);
      }),
    );
  });
});
