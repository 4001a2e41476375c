import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DeepgramRig, LINEAR16, REQUEST_ID } from './deepgram-rig.ts';

const METADATA = {
  request_id: REQUEST_ID,
  model_info: { name: 'moonshine-tiny-en', version: '0123456789ab', arch: 'moonshine-tiny-en' },
  model_uuid: '01234567-89ab-cdef-0123-456789abcdef',
};
const FINALIZE = { type: 'Finalize' };
const CLOSE_STREAM = { type: 'CloseStream' };
const KEEP_ALIVE = { type: 'KeepAlive' };

describe('A live stream as Deepgram tells it', () => {
  it('begins the stream as the address asks', () => {
    const rig = new DeepgramRig(
      'encoding=mulaw&sample_rate=8000&channels=2&interim_results=true&endpointing=500&language=en-US&meeting=m&speaker=Ada',
    );
    expect(rig.native.start).toEqual({
      type: 'start',
      encoding: 'mulaw',
      sampleRate: 8000,
      channels: 2,
      partials: true,
      words: true,
      language: 'en-US',
      endpointing: { minSilenceMs: 500 },
      meeting: 'm',
      speaker: 'Ada',
    });
  });

  it('listens for key terms, and writes numbers in digits where that is asked for', () => {
    const rig = new DeepgramRig(
      `${LINEAR16}&keyterm=New+York&keyterm=Ada&keywords=Kubernetes:2.5&keywords=a:b&keywords=no:-3&keywords=much:99&keywords=&numerals=true`,
    );
    expect(rig.native.start).toMatchObject({
      hotWords: [
        { text: 'New York', weight: 1 },
        { text: 'Ada', weight: 1 },
        { text: 'Kubernetes', weight: 2.5 },
        { text: 'a:b', weight: 1 },
        { text: 'much', weight: 10 },
      ],
      numerals: true,
    });
    expect(new DeepgramRig(`${LINEAR16}&smart_format=true`).native.start).toMatchObject({ numerals: true });
  });

  it('leaves to the server what the address does not say', () => {
    expect(new DeepgramRig().native.start).toEqual({
      type: 'start',
      encoding: 'pcm_s16le',
      sampleRate: 16_000,
      channels: 1,
      partials: false,
      words: true,
    });
  });

  it('tells when each word was said, where the recogniser timed them', () => {
    const rig = new DeepgramRig(`${LINEAR16}&punctuate=true`);
    const words = [{ text: 'Hello.', startMs: 740, endMs: 980, confidence: 0.7 }];
    rig.final('Hello.', { startMs: 500, endMs: 1800, words });
    expect(rig.last).toMatchObject({
      ...{ start: 0.5, duration: 1.3 },
      channel: { alternatives: [{ words: [{ word: 'hello', start: 0.74, end: 0.98, confidence: 0.7 }] }] },
    });
  });

  it('tells a final as a whole Results message', () => {
    const rig = new DeepgramRig(`${LINEAR16}&punctuate=true`);
    rig.final('Hello, world.', { startMs: 500, endMs: 1800 });
    expect(rig.last).toEqual({
      type: 'Results',
      channel_index: [0, 1],
      start: 0.5,
      duration: 1.3,
      is_final: true,
      speech_final: true,
      from_finalize: false,
      entities: [],
      channel: {
        alternatives: [
          {
            transcript: 'Hello, world.',
            confidence: 0.9,
            words: [
              { word: 'hello', punctuated_word: 'Hello,', start: 0.5, end: 1.15, confidence: 0.9 },
              { word: 'world', punctuated_word: 'world.', start: 1.15, end: 1.8, confidence: 0.9 },
            ],
          },
        ],
      },
      metadata: METADATA,
    });
  });

  it('tells a partial as an interim result, whose confidence is not known', () => {
    const rig = new DeepgramRig(`${LINEAR16}&interim_results=true`);
    rig.partial('Hello');
    expect(rig.last).toMatchObject({
      type: 'Results',
      is_final: false,
      speech_final: false,
      channel: { alternatives: [{ transcript: 'hello', confidence: 0 }] },
    });
    expect(rig.interims).toEqual([rig.last]);
  });

  it('writes 0 where the model has no confidence', () => {
    const rig = new DeepgramRig();
    rig.say({ type: 'final', text: 'yes', segmentId: 0, startMs: 0, endMs: 500, endpoint: 'silence' });
    expect(rig.last).toMatchObject({ channel: { alternatives: [{ confidence: 0 }] } });
  });

  it('ends no utterance where a segment ends only by its length', () => {
    const rig = new DeepgramRig();
    rig.final('and so on', { endpoint: 'max-duration' });
    expect(rig.last).toMatchObject({ is_final: true, speech_final: false });
  });

  it('never says that speech has ended when endpointing is off', () => {
    const rig = new DeepgramRig(`${LINEAR16}&endpointing=false`);
    expect(rig.native.start).toMatchObject({ endpointing: { minSilenceMs: 2000 } });
    rig.final('one');
    expect(rig.last).toMatchObject({ is_final: true, speech_final: false });
  });

  it('tells that speech has started to those who ask', () => {
    const started = { type: 'speech-started', segmentId: 0, atMs: 640 };
    const asking = new DeepgramRig(`${LINEAR16}&vad_events=true`);
    asking.say(started);
    expect(asking.told).toEqual([{ type: 'SpeechStarted', channel: [0], timestamp: 0.64 }]);
    const other = new DeepgramRig();
    other.say(started);
    expect(other.told).toEqual([]);
  });

  it('ends speech that came to nothing by an empty final, once its audio is settled', () => {
    const rig = new DeepgramRig(`${LINEAR16}&vad_events=true`);
    rig.say({ type: 'speech-started', segmentId: 0, atMs: 640 }, { type: 'ack', acknowledgedMs: 640 });
    expect(rig.types).toEqual(['SpeechStarted']);
    rig.say({ type: 'ack', acknowledgedMs: 2000 });
    expect(rig.last).toMatchObject({
      ...{ type: 'Results', start: 0.64, duration: 1.36, is_final: true, speech_final: true },
      channel: { alternatives: [{ transcript: '', words: [] }] },
    });
    rig.say({ type: 'ack', acknowledgedMs: 3000 });
    expect(rig.told).toHaveLength(2);
  });

  it('ends speech that was lost likewise, also behind a segment that was cut by its length', () => {
    const rig = new DeepgramRig();
    rig.say({ type: 'speech-started', segmentId: 0, atMs: 100 });
    rig.final('a long one', { endpoint: 'max-duration', endMs: 15_000 });
    rig.say(
      { type: 'error', code: 'segment-lost', message: '', retryable: false, fatal: false, captionId: 's:1' },
      { type: 'ack', acknowledgedMs: 17_000 },
    );
    expect(rig.last).toMatchObject({ start: 15, duration: 2, is_final: true, speech_final: true });
  });

  it('says nothing of waiting, of acknowledgements and of levels of service', () => {
    const rig = new DeepgramRig();
    rig.say(
      { type: 'waiting', ahead: 3, expectedWaitMs: 1000 },
      { type: 'ack', acknowledgedMs: 1000 },
      { type: 'service', level: 'finals-only', reason: 'inference-backlog' },
    );
    expect(rig.told).toEqual([]);
  });

  it('sends pairs back that came as extra', () => {
    const rig = new DeepgramRig(`${LINEAR16}&extra=call:17&extra=agent:a:b`);
    rig.final('yes');
    expect(rig.last).toMatchObject({ metadata: { extra: { call: '17', agent: 'a:b' } } });
  });
});

describe('Finalize', () => {
  it('ends the open segment, and says so in its final', () => {
    const rig = new DeepgramRig();
    rig.audio(500);
    rig.text(FINALIZE);
    expect(rig.native.heard.slice(1)).toEqual([16_000, 'flush', 'marker 1']);
    rig.final('before it', { endpoint: 'silence', endMs: 300 });
    expect(rig.last).toMatchObject({ from_finalize: false });
    rig.final('at it', { endpoint: 'flush', endMs: 500, segmentId: 1 });
    expect(rig.last).toMatchObject({ from_finalize: true, is_final: true, speech_final: true });
    rig.answerMarkers();
    expect(rig.told).toHaveLength(2);
  });

  it('is answered by an empty final when there was nothing to end', () => {
    const rig = new DeepgramRig();
    rig.audio(2000);
    rig.final('all of it', { endMs: 1000 });
    rig.text(FINALIZE);
    expect(rig.told).toHaveLength(1);
    rig.answerMarkers();
    expect(rig.last).toMatchObject({
      ...{ start: 1, duration: 1, is_final: true, from_finalize: true },
      channel: { alternatives: [{ transcript: '', confidence: 0, words: [] }] },
    });
  });

  it('is answered before any audio', () => {
    for (const query of [LINEAR16, '']) {
      const rig = new DeepgramRig(query);
      rig.text(FINALIZE);
      rig.answerMarkers();
      expect(rig.last).toMatchObject({ start: 0, duration: 0, from_finalize: true });
    }
  });

  it('is answered as often as it comes', () => {
    const rig = new DeepgramRig();
    for (let i = 0; i < 3; i++) rig.text(FINALIZE);
    rig.answerMarkers();
    expect(rig.types).toEqual(['Results', 'Results', 'Results']);
  });
});

describe('The end of a stream', () => {
  it('is a summary of all that came, and 1000', () => {
    const rig = new DeepgramRig(`${LINEAR16}&channels=2&extra=a:b`);
    const audio = Uint8Array.from({ length: 6400 }, (_, i) => i % 251);
    rig.binary(audio.subarray(0, 1001));
    rig.binary(audio.subarray(1001));
    rig.text(CLOSE_STREAM);
    expect(rig.native.heard.at(-1)).toBe('stop');
    rig.final('the rest', { endpoint: 'flush' });
    expect(rig.last).toMatchObject({ speech_final: true, from_finalize: false });
    rig.native.finish();
    expect(rig.last).toEqual({
      type: 'Metadata',
      transaction_key: 'deprecated',
      request_id: REQUEST_ID,
      sha256: createHash('sha256').update(audio).digest('hex'),
      created: '2026-01-01T00:00:00.000Z',
      duration: 0.1,
      channels: 2,
      models: [METADATA.model_uuid],
      model_info: { [METADATA.model_uuid]: METADATA.model_info },
      extra: { a: 'b' },
    });
    expect(rig.close).toEqual({ code: 1000, reason: '' });
  });

  it('comes by an empty binary message, too', () => {
    const rig = new DeepgramRig();
    rig.audio(100);
    rig.binary(new Uint8Array());
    rig.native.finish();
    expect([rig.last.type, rig.close?.code]).toEqual(['Metadata', 1000]);
  });

  it('comes at once when the audio has not begun', () => {
    const rig = new DeepgramRig('');
    rig.text(CLOSE_STREAM);
    expect(rig.last).toMatchObject({
      ...{ type: 'Metadata', duration: 0, channels: 0 },
      sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    });
    expect(rig.close?.code).toBe(1000);
  });

  it('takes no heed of what comes behind it', () => {
    const rig = new DeepgramRig();
    rig.text(CLOSE_STREAM);
    rig.audio(100);
    rig.text(FINALIZE);
    rig.text('{');
    rig.text(CLOSE_STREAM);
    expect(rig.native.heard).toEqual(['start', 'stop']);
    expect(rig.close).toBeNull();
  });

  it('has clients come back when the server ends it by itself', () => {
    const rig = new DeepgramRig();
    rig.audio(100);
    rig.final('what there was', { endpoint: 'flush' });
    rig.native.finish();
    expect(rig.types).toEqual(['Results', 'Metadata']);
    expect(rig.close).toEqual({ code: 1011, reason: 'NET-0000: The server is shutting down.' });
  });
});

describe('A client that sends nothing', () => {
  it('is given up after 10 s', () => {
    const rig = new DeepgramRig();
    rig.clock.advance(9999);
    expect(rig.close).toBeNull();
    rig.clock.advance(1);
    expect(rig.close).toEqual({
      code: 1011,
      reason: 'NET-0001: Nothing was sent for too long. Send audio or KeepAlive every few seconds.',
    });
  });

  it('has 10 s more from each piece of audio, and from each message behind the first', () => {
    const rig = new DeepgramRig();
    for (const message of [null, KEEP_ALIVE, FINALIZE, KEEP_ALIVE]) {
      rig.clock.advance(9000);
      if (message) rig.text(message);
      else rig.audio(20);
    }
    rig.clock.advance(9999);
    expect(rig.close).toBeNull();
    rig.clock.advance(1);
    expect(rig.close?.code).toBe(1011);
  });

  it('is not kept by KeepAlive alone', () => {
    const rig = new DeepgramRig();
    rig.clock.advance(5000);
    rig.text(KEEP_ALIVE);
    rig.clock.advance(5000);
    expect(rig.close?.code).toBe(1011);
  });

  it('may be silent once it has ended its stream', () => {
    const rig = new DeepgramRig();
    rig.text(CLOSE_STREAM);
    rig.clock.advance(60_000);
    expect(rig.close).toBeNull();
    expect(rig.clock.pendingTimers).toBe(0);
  });

  it('leaves no timer behind when it is gone', () => {
    const rig = new DeepgramRig();
    rig.text('{');
    expect(rig.close?.code).toBe(1008);
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

describe('What cannot be understood', () => {
  it.each(['{', 'null', 'hello', '1 2'])('is refused as text: %s', (text) => {
    const rig = new DeepgramRig();
    rig.text(text);
    expect(rig.close?.code).toBe(1008);
    expect(rig.close?.reason).toMatch(/^DATA-0000: .*JSON/);
  });

  it.each([{ type: 'Configure', features: {} }, { type: 'Unheard' }, {}, [], 7])(
    'is passed over where it is another message: %j',
    (message) => {
      const rig = new DeepgramRig();
      rig.text(JSON.stringify(message));
      expect(rig.close).toBeNull();
    },
  );

  it.each([
    ['OggS and so on', new TextEncoder().encode('OggS\0\0\0\0')],
    ['noise', Uint8Array.of(1)],
  ])('is refused as audio without encoding: %s', (_, bytes) => {
    const rig = new DeepgramRig('');
    rig.binary(bytes);
    expect(rig.close?.code).toBe(1008);
    expect(rig.close?.reason).toMatch(/^DATA-0000/);
  });
});

describe('Faults of the session', () => {
  it.each([
    ['audio-overrun', 1008, 'audio-overrun'],
    ['audio-too-fast', 1008, 'audio-too-fast'],
    ['message-too-large', 1008, 'message-too-large'],
    ['out-of-range', 1008, 'DATA-0000'],
    ['slow-consumer', 1011, 'NET-0000'],
    ['busy', 1011, 'NET-0000'],
    ['too-many-streams', 1011, 'NET-0000'],
    ['draining', 1011, 'NET-0000'],
    ['internal', 1011, 'NET-0000'],
  ])('%s closes with %i and %s', (code, closeCode, name) => {
    const rig = new DeepgramRig();
    rig.say({ type: 'error', code, message: 'A sentence.', retryable: true, fatal: true });
    rig.native.speaker.close(4000, code);
    expect(rig.close).toEqual({ code: closeCode, reason: `${name}: A sentence.` });
  });

  it('are told without their sentence where it does not fit into a close frame', () => {
    const rig = new DeepgramRig();
    rig.say({ type: 'error', code: 'busy', message: 'x'.repeat(200), retryable: true, fatal: true });
    rig.native.speaker.close(4503, 'busy');
    expect(rig.close?.reason).toBe('NET-0000');
  });
});
