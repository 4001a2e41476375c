import { describe, expect, it } from 'vitest';
import { readListenParameters } from '../../server/dialects/deepgram/parameters.ts';
import { LINEAR16 } from './deepgram-rig.ts';

function read(query: string) {
  return readListenParameters(new URLSearchParams(query));
}

describe('Parameters of a live stream', () => {
  it.each([
    ['linear16', 'pcm_s16le'],
    ['linear32', 'pcm_f32le'],
    ['mulaw', 'mulaw'],
    ['alaw', 'alaw'],
  ])('have %s as %s', (encoding, native) => {
    expect(read(`encoding=${encoding}&sample_rate=48000&channels=2`).format).toEqual({
      encoding: native,
      sampleRate: 48_000,
      channels: 2,
    });
  });

  it('expect audio to bring its own header when they name no encoding', () => {
    expect(read('sample_rate=16000').format).toBeNull();
  });

  it.each([
    [undefined, true, null],
    ['true', true, null],
    ['0', true, 300],
    ['10', true, 300],
    ['300', true, 300],
    ['1200', true, 1200],
    ['9000', true, 2000],
    ['false', false, 2000],
  ])('have endpointing=%s as %s after %s ms', (value, endpointing, minSilenceMs) => {
    const query = value === undefined ? LINEAR16 : `${LINEAR16}&endpointing=${value}`;
    expect(read(query)).toMatchObject({ endpointing, minSilenceMs });
  });

  it.each([
    ['', false],
    ['punctuate=true', true],
    ['smart_format=true', true],
    ['punctuate=false&smart_format=False', false],
    ['punctuate=True', true],
  ])('have punctuation with %j: %s', (query, punctuated) => {
    expect(read(`${LINEAR16}&${query}`).form.punctuated).toBe(punctuated);
  });

  it('take everything that Deepgram documents, and what it does not', () => {
    const query = [
      ...['model=nova-3-general', 'version=latest', 'tier=nova', 'numerals=true', 'dictation=true'],
      ...['profanity_filter=true', 'redact=pci', 'redact=ssn', 'search=epistemology', 'keywords=snuff:2'],
      ...['keyterm=Roundtable', 'diarize=true', 'diarize_model=latest', 'detect_entities=true'],
      ...['filler_words=true', 'no_delay=true', 'tag=a', 'mip_opt_out=true', 'callback_method=put'],
      ...['detect_language=true', 'language=multi', 'of_tomorrow=1', 'multichannel=true'],
    ].join('&');
    expect(read(`${LINEAR16}&${query}`)).toMatchObject({ model: 'nova-3-general', language: 'auto' });
  });

  it.each([
    ['encoding=opus&sample_rate=48000', 'unsupported-encoding', 'linear16'],
    ['encoding=toString&sample_rate=48000', 'unsupported-encoding', 'linear16'],
    ['encoding=linear16', 'out-of-range', 'sample_rate'],
    ['encoding=linear16&sample_rate=7999', 'out-of-range', 'sample_rate'],
    ['encoding=linear16&sample_rate=16e3', 'out-of-range', 'sample_rate'],
    [`${LINEAR16}&channels=0`, 'out-of-range', 'channels'],
    [`${LINEAR16}&channels=9`, 'out-of-range', 'channels'],
    [`${LINEAR16}&channels=2&multichannel=true`, 'out-of-range', 'mixed'],
    [`${LINEAR16}&endpointing=soon`, 'out-of-range', 'endpointing'],
    [`${LINEAR16}&endpointing=-1`, 'out-of-range', 'endpointing'],
    [`${LINEAR16}&utterance_end_ms=1000`, 'out-of-range', 'interim_results'],
    [`${LINEAR16}&interim_results=true&utterance_end_ms=999`, 'out-of-range', 'utterance_end_ms'],
    [`${LINEAR16}&interim_results=true&utterance_end_ms=5001`, 'out-of-range', 'utterance_end_ms'],
    [`${LINEAR16}&interim_results=perhaps`, 'out-of-range', 'interim_results'],
    [`${LINEAR16}&callback=http://localhost/`, 'out-of-range', 'callback'],
    [`${LINEAR16}&meeting=`, 'out-of-range', 'meeting'],
  ])('refuse %s', (query, code, word) => {
    expect(() => read(query)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(word) }),
    );
  });

  it.each([
    ['', null],
    ['language=', null],
    ['language=en-US', 'en-US'],
    ['language=multi', 'auto'],
    ['detect_language=true', 'auto'],
    ['detect_language=false', null],
    ['detect_language=true&language=de', 'de'],
  ])('leave the language to the model where they say so: %j', (query, language) => {
    expect(read(`${LINEAR16}&${query}`).language).toBe(language);
  });
});
