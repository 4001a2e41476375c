import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamError } from '../server/errors.ts';
import {
  MAX_NAME_CHARACTERS,
  readMeetingName,
  readName,
  readControlMessage as readWithin,
} from '../server/net/client-messages.ts';
import type { Fields } from '../server/net/codec.ts';

const readControlMessage = (fields: Fields) => readWithin(fields, { maxHotWords: 4 });

const START = { type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le' };

function faultOf(action: () => unknown): StreamError | null {
  try {
    action();
  } catch (error) {
    if (error instanceof StreamError) return error;
    throw error;
  }

  return null;
}

describe('A start message', () => {
  test('needs a sample rate and an encoding only', () => {
    expect(readControlMessage(START)).toEqual({ ...START, channels: 1, partials: true, timing: false });
  });

  test('is read with all it may say', () => {
    const full = {
      ...START,
      channels: 2,
      partials: false,
      timing: true,
      words: true,
      hotWords: [
        { text: 'Kubernetes', weight: 2 },
        { text: '微信', weight: 1 },
      ],
      mask: ['darn'],
      numerals: true,
      meeting: 'standup',
      speaker: 'Ann',
      language: 'en',
      endpointing: { startThreshold: 0.6, minSilenceMs: 300, maxSegmentMs: 9000, partialIntervalMs: 200 },
    };
    expect(readControlMessage(full)).toEqual(full);
  });

  test('takes hot words by themselves or with a weight, in one spelling, each once', () => {
    const hotWords = ['  New   York ', { text: 'New York', weight: 3 }, 'e\u0301', { text: '微信' }];
    expect(readControlMessage({ ...START, hotWords, mask: ['a', ' a'] })).toMatchObject({
      hotWords: [
        { text: 'New York', weight: 1 },
        { text: '\u00e9', weight: 1 },
        { text: '微信', weight: 1 },
      ],
      mask: ['a'],
    });
  });

  test.each<readonly [string, unknown, string, string]>([
    ['hotWords', 'Kubernetes', 'bad-message', 'a list of words'],
    ['hotWords', { text: 'a' }, 'bad-message', 'a list of words'],
    ['hotWords', new Array(10_000).fill('a'), 'out-of-range', 'at most 4 words'],
    ['hotWords', ['a', 7], 'bad-message', 'hotWords[1]'],
    ['hotWords', [null], 'bad-message', 'hotWords[0]'],
    ['hotWords', [''], 'out-of-range', '1 to 64 characters'],
    ['hotWords', ['...'], 'out-of-range', 'a letter or digit'],
    ['hotWords', ['a\nb'], 'out-of-range', 'on one line'],
    ['hotWords', ['x'.repeat(65)], 'out-of-range', '1 to 64 characters'],
    ['hotWords', [{ text: 'a', weight: 0 }], 'out-of-range', 'weight of hotWords[0]'],
    ['hotWords', [{ text: 'a', weight: Number.NaN }], 'out-of-range', 'from 0.1 to 10'],
    ['hotWords', [{ text: 'a', weight: '1' }], 'out-of-range', 'from 0.1 to 10'],
    ['mask', 'darn', 'bad-message', 'mask has to be a list'],
    ['mask', new Array(1001).fill('a'), 'out-of-range', 'at most 1000 words'],
    ['mask', [{ text: 'a' }], 'bad-message', 'mask[0]'],
    ['numerals', 'yes', 'bad-message', 'numerals'],
  ])('is refused with %s as %j', (field, value, code, words) => {
    const fault = faultOf(() => readControlMessage({ ...START, [field]: value }));
    expect(fault).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  test('may hold fields that a newer client knows', () => {
    const message = readControlMessage({ ...START, future: 1, endpointing: { future: 2 } });
    expect(message).toEqual({ ...START, channels: 1, partials: true, timing: false, endpointing: {} });
  });

  test.each([
    ['sampleRate', undefined, 'bad-message'],
    ['sampleRate', '16000', 'bad-message'],
    ['sampleRate', 7999, 'out-of-range'],
    ['sampleRate', 48_001, 'out-of-range'],
    ['sampleRate', 16_000.5, 'out-of-range'],
    ['sampleRate', Number.NaN, 'out-of-range'],
    ['sampleRate', Number.POSITIVE_INFINITY, 'out-of-range'],
    ['encoding', undefined, 'unsupported-encoding'],
    ['encoding', 'opus', 'unsupported-encoding'],
    ['encoding', ['pcm_s16le'], 'unsupported-encoding'],
    ['channels', 0, 'out-of-range'],
    ['channels', 9, 'out-of-range'],
    ['channels', null, 'bad-message'],
    ['partials', 'yes', 'bad-message'],
    ['partials', null, 'bad-message'],
    ['meeting', 7, 'bad-message'],
    ['meeting', '  ', 'out-of-range'],
    ['speaker', 'a'.repeat(MAX_NAME_CHARACTERS + 1), 'out-of-range'],
    ['language', null, 'bad-message'],
    ['endpointing', null, 'bad-message'],
    ['endpointing', 'fast', 'bad-message'],
  ])('with %s %j is refused with a sentence that names the field: %s', (field, value, code) => {
    const fault = faultOf(() => readControlMessage({ ...START, [field]: value }));
    expect(fault).toMatchObject({ code });
    expect(fault!.message).toContain(field);
  });

  test.each([
    ['startThreshold', 0.1, 0.95, 0.001],
    ['minSilenceMs', 100, 2000, 1],
    ['maxSegmentMs', 3000, 28_000, 1],
    ['partialIntervalMs', 200, 5000, 1],
  ])('takes %s from %d to %d', (name, least, most, step) => {
    const read = (value: unknown) => readControlMessage({ ...START, endpointing: { [name]: value } });
    expect(read(least)).toMatchObject({ endpointing: { [name]: least } });
    expect(read(most)).toMatchObject({ endpointing: { [name]: most } });
    for (const value of [least - step, most + step, Number.NaN]) {
      expect(faultOf(() => read(value))).toMatchObject({ code: 'out-of-range' });
    }
    expect(faultOf(() => read('1'))).toMatchObject({ code: 'bad-message' });
  });
});

describe('A control message', () => {
  test('may be flush, stop, or a marker with any whole number up to 2^53 - 1', () => {
    expect(readControlMessage({ type: 'flush' })).toEqual({ type: 'flush' });
    expect(readControlMessage({ type: 'stop' })).toEqual({ type: 'stop' });
    for (const id of [0, Number.MAX_SAFE_INTEGER]) {
      expect(readControlMessage({ type: 'marker', id })).toEqual({ type: 'marker', id });
    }
    for (const id of [-1, 1.5, 2 ** 53, Number.NaN]) {
      expect(faultOf(() => readControlMessage({ type: 'marker', id }))).toMatchObject({
        code: 'out-of-range',
      });
    }
    expect(faultOf(() => readControlMessage({ type: 'marker', id: '1' }))).toMatchObject({
      code: 'bad-message',
    });
  });

  test.each([undefined, null, 'Start', 'audio', 7, ['start'], 'constructor'])(
    'of type %j is refused',
    (type) => {
      expect(faultOf(() => readControlMessage({ type }))).toMatchObject({ code: 'bad-message' });
    },
  );

  test('makes a sound message or a StreamError of whatever its fields hold', () => {
    const fields = fc.record(
      {
        type: fc.constantFrom('start', 'marker', 'flush', 'stop', 'other'),
        id: fc.anything(),
        sampleRate: fc.oneof(fc.constant(16_000), fc.anything()),
        encoding: fc.oneof(fc.constant('mulaw'), fc.anything()),
        channels: fc.anything(),
        meeting: fc.anything(),
        speaker: fc.oneof(fc.string(), fc.anything()),
        endpointing: fc.anything(),
      },
      { requiredKeys: ['type'] },
    );
    fc.assert(
      fc.property(fields, (message) => void faultOf(() => readControlMessage(message))),
      { numRuns: 1000 },
    );
  });
});

describe('A name', () => {
  test('is taken without the blanks around it, in any script', () => {
    expect(readName('  Zoë 李 👩‍🔬 ', 'speaker')).toBe('Zoë 李 👩‍🔬');
    expect(readName('a'.repeat(MAX_NAME_CHARACTERS), 'speaker')).toHaveLength(MAX_NAME_CHARACTERS);
  });

  test.each(['a\u0000b', 'a\nb', 'a\u007fb', 'a\u202eb', 'a\u2067b', 'a\u2028b', 'a\ud800b'])(
    'with the hidden character in %j is refused',
    (name) => {
      expect(faultOf(() => readName(name, 'speaker'))).toMatchObject({ code: 'out-of-range' });
    },
  );
});

describe("A meeting's name", () => {
  test('can stand in an address as it is', () => {
    const address = (name: string) =>
      new URL(`/v1/meetings/${encodeURIComponent(name)}`, 'http://h').pathname;
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('.', 'a', '/', '%', '2', 'E', '。') }), (name) => {
        if (faultOf(() => readMeetingName(name))) return;
        expect(decodeURIComponent(address(name.trim()).slice('/v1/meetings/'.length))).toBe(name.trim());
      }),
    );
  });

  test.each(['.', ' .. '])('is not %j', (name) => {
    expect(faultOf(() => readMeetingName(name))).toMatchObject({ code: 'out-of-range' });
    expect(faultOf(() => readControlMessage({ ...START, meeting: name }))).toMatchObject({
      code: 'out-of-range',
    });
    expect(readName(name, 'speaker')).toBe(name.trim());
  });
});
