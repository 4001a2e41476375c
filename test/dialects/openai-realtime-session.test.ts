import { describe, expect, it } from 'vitest';
import { OPENAI_REALTIME } from '../../server/dialects/openai/realtime.ts';
import { StreamError } from '../../server/errors.ts';
import { RealtimeRig, realtimeRequest } from './openai-rig.ts';

const BETA = realtimeRequest({ openaiBeta: 'realtime=v1' });
const APPENDED = Buffer.alloc(480).toString('base64');

function errorsOf(rig: RealtimeRig): readonly unknown[] {
  return rig.all('error').map((event) => event.error);
}

describe('A client that connects for Realtime transcription', () => {
  it.each([
    [{ authorization: 'Bearer secret' }],
    [{ offered: ['realtime', 'openai-insecure-api-key.secret'] }],
    [{ search: 'key=secret' }],
  ])('presents its key by %j', (request) => {
    expect(OPENAI_REALTIME.greet(realtimeRequest(request)).key).toBe('secret');
  });

  it('presents none when there is none', () => {
    expect(OPENAI_REALTIME.greet(realtimeRequest()).key).toBeNull();
  });

  it.each([
    [['realtime', 'openai-insecure-api-key.k', 'openai-beta.realtime-v1'], 'realtime'],
    [['openai-beta.realtime-v1'], 'openai-beta.realtime-v1'],
    [['openai-insecure-api-key.k'], ''],
    [[], ''],
  ])('is answered %j with the subprotocol %j', (offered, subprotocol) => {
    expect(OPENAI_REALTIME.greet(realtimeRequest({ offered })).subprotocol).toBe(subprotocol);
  });

  it('is refused as OpenAI refuses', () => {
    const { status, contentType, body } = OPENAI_REALTIME.refuse(new StreamError('unauthorized'));
    expect([status, contentType]).toEqual(['401 Unauthorized', 'application/json']);
    expect(JSON.parse(String(body))).toEqual({
      error: {
        message: 'The API key is missing or unknown.',
        ...{ type: 'invalid_request_error', param: null, code: 'invalid_api_key' },
      },
    });
  });

  it.each([
    ['too-many-streams', '429 Too Many Requests', 'rate_limit_error'],
    ['busy', '503 Service Unavailable', 'server_error'],
    ['internal', '500 Internal Server Error', 'server_error'],
    ['out-of-range', '400 Bad Request', 'invalid_request_error'],
  ] as const)('hears of %s as %s', (code, status, type) => {
    const answer = OPENAI_REALTIME.refuse(new StreamError(code, undefined, { retryAfterMs: 1500 }));
    expect(answer).toMatchObject({ status, retryAfterSeconds: 2 });
    expect(JSON.parse(String(answer.body))).toMatchObject({ error: { type } });
  });

  it('cannot attach to a call, or name a meeting that is no name', () => {
    for (const search of ['call_id=rtc_1', 'meeting='])
      expect(() => OPENAI_REALTIME.greet(realtimeRequest({ search }))).toThrow(StreamError);
  });

  it('is first told its session, with what is in effect', () => {
    expect(new RealtimeRig().events).toEqual([
      {
        type: 'session.created',
        event_id: expect.stringMatching(/^event_/),
        session: {
          type: 'transcription',
          id: expect.stringMatching(/^sess_/),
          object: 'realtime.transcription_session',
          audio: {
            input: {
              format: { type: 'audio/pcm', rate: 24_000 },
              transcription: { model: 'scripted' },
              noise_reduction: null,
              turn_detection: {
                ...{ type: 'server_vad', threshold: 0.5, prefix_padding_ms: 384 },
                silence_duration_ms: 800,
              },
            },
          },
          include: null,
        },
      },
    ]);
  });

  it.each([[{ openaiBeta: 'realtime=v1' }], [{ offered: ['realtime', 'openai-beta.realtime-v1'] }]])(
    'with %j is told the session of the beta',
    (request) => {
      const [event] = new RealtimeRig(realtimeRequest(request)).events;
      expect(event).toMatchObject({
        type: 'transcription_session.created',
        session: {
          object: 'realtime.transcription_session',
          input_audio_format: 'pcm16',
          input_audio_transcription: { model: 'scripted', prompt: '', language: '' },
          turn_detection: { type: 'server_vad', silence_duration_ms: 800 },
        },
      });
    },
  );

  it('gets the same without an intent: there is nothing but transcription', () => {
    const rig = new RealtimeRig(realtimeRequest({ search: 'model=gpt-realtime' }));
    expect(rig.events).toMatchObject([{ type: 'session.created', session: { type: 'transcription' } }]);
  });
});

describe('A session that is updated', () => {
  it('is told with what is in effect, whatever the model is called', () => {
    const rig = new RealtimeRig();
    rig.update({
      format: { type: 'audio/pcmu' },
      transcription: { model: 'gpt-4o-transcribe', language: 'en-GB', prompt: 'names' },
      turn_detection: {
        ...{ type: 'server_vad', threshold: 0.99, prefix_padding_ms: 300 },
        silence_duration_ms: 5,
      },
      noise_reduction: { type: 'near_field' },
    });
    expect(rig.all('session.updated')).toMatchObject([
      {
        session: {
          audio: {
            input: {
              format: { type: 'audio/pcmu' },
              transcription: { model: 'scripted', language: 'en-GB' },
              noise_reduction: null,
              turn_detection: { threshold: 0.95, prefix_padding_ms: 384, silence_duration_ms: 100 },
            },
          },
        },
      },
    ]);
    rig.say({ type: 'input_audio_buffer.append', audio: APPENDED });
    expect(rig.controls).toEqual([
      {
        ...{ type: 'start', encoding: 'mulaw', sampleRate: 8000, language: 'en-GB' },
        endpointing: { startThreshold: 0.95, minSilenceMs: 100 },
      },
    ]);
  });

  it.each([
    ['pcm16', { encoding: 'pcm_s16le', sampleRate: 24_000 }],
    ['g711_ulaw', { encoding: 'mulaw', sampleRate: 8000 }],
    ['g711_alaw', { encoding: 'alaw', sampleRate: 8000 }],
  ])('in the beta may come as %s', (format, start) => {
    const rig = new RealtimeRig(BETA);
    rig.say({
      type: 'transcription_session.update',
      session: { input_audio_format: format, input_audio_transcription: { language: 'es' } },
    });
    expect(rig.all('transcription_session.updated')).toMatchObject([
      { session: { input_audio_format: format, input_audio_transcription: { language: 'es' } } },
    ]);
    rig.say({ type: 'input_audio_buffer.append', audio: APPENDED });
    expect(rig.controls[0]).toMatchObject({ type: 'start', language: 'es', ...start });
  });

  it('in the beta is answered by the name that it was asked by', () => {
    const rig = new RealtimeRig(BETA);
    rig.say({ type: 'session.update', session: { turn_detection: null } });
    expect(rig.all('session.updated')).toMatchObject([{ session: { turn_detection: null } }]);
  });

  it('keeps what an update does not name, and has the defaults of what one half names', () => {
    const rig = new RealtimeRig();
    rig.update({ turn_detection: { type: 'server_vad', silence_duration_ms: 400, threshold: 0.7 } });
    rig.update({ transcription: { language: 'en' } });
    rig.update({ turn_detection: { type: 'semantic_vad', eagerness: 'low' } });
    const turns = rig.all('session.updated').map((event) => {
      const session = event.session as { audio: { input: { turn_detection: object } } };
      return session.audio.input.turn_detection;
    });
    expect(turns).toMatchObject([
      { silence_duration_ms: 400, threshold: 0.7 },
      { silence_duration_ms: 400, threshold: 0.7 },
      { type: 'server_vad', silence_duration_ms: 800, threshold: 0.5 },
    ]);
  });

  it('has its turns ended by clients whose model would find no pauses', () => {
    const rig = new RealtimeRig();
    rig.update({ transcription: { model: 'gpt-realtime-whisper' } });
    rig.update({ transcription: { model: 'gpt-realtime-whisper' }, turn_detection: { type: 'server_vad' } });
    rig.update({ transcription: { model: 'whisper-1' } });
    const turns = rig.all('session.updated').map((event) => {
      const session = event.session as { audio: { input: { turn_detection: unknown } } };
      return session.audio.input.turn_detection !== null;
    });
    expect(turns).toEqual([false, true, true]);
  });

  it('has keywords listened for, and refuses what are none', () => {
    const rig = new RealtimeRig();
    rig.update({ transcription: { keywords: ['Ada', 'New York'] } });
    rig.update({ transcription: { keywords: 'Ada' } });
    expect(errorsOf(rig)).toMatchObject([{ param: 'session.audio.input.transcription.keywords' }]);
    rig.append(20);
    expect(rig.controls[0]).toMatchObject({ type: 'start', hotWords: ['Ada', 'New York'] });
  });

  it('takes the first of several languages that the model knows', () => {
    const rig = new RealtimeRig();
    rig.update({ transcription: { languages: ['tlh', 'es-MX', 'en'] } });
    expect(rig.all('session.updated')).toMatchObject([
      { session: { audio: { input: { transcription: { language: 'es-MX' } } } } },
    ]);
    rig.update({ transcription: { languages: [] } });
    rig.update({ transcription: { languages: ['tlh'] } });
    expect(rig.types.slice(2)).toEqual(['session.updated', 'error']);
  });

  it('waits as long as it can where the client ends turns itself', () => {
    const rig = new RealtimeRig();
    rig.update({ turn_detection: null });
    rig.append(20);
    expect(rig.controls[0]).toMatchObject({ endpointing: { minSilenceMs: 2000, maxSegmentMs: 28_000 } });
  });

  it.each([
    [{ transcription: { language: 'tlh' } }, 'session.audio.input.transcription.language'],
    [{ format: { type: 'audio/opus' } }, 'session.audio.input.format.type'],
    [{ format: { type: 'audio/pcm', rate: 16_000 } }, 'session.audio.input.format.rate'],
    [{ turn_detection: { type: 'none' } }, 'session.audio.input.turn_detection.type'],
    [
      { turn_detection: { silence_duration_ms: '5' } },
      'session.audio.input.turn_detection.silence_duration_ms',
    ],
    [{ turn_detection: [] }, 'session.audio.input.turn_detection'],
  ])('with %j is refused, and stays as it was', (input, param) => {
    const rig = new RealtimeRig();
    rig.update(input);
    expect(errorsOf(rig)).toMatchObject([{ type: 'invalid_request_error', code: 'invalid_value', param }]);
    rig.update({});
    expect(rig.all('session.updated')[0]!.session).toEqual(rig.events[0]!.session);
    expect(rig.closed).toBeNull();
  });

  it.each([undefined, 7, { audio: 7 }, { audio: { input: [] } }, { type: 'realtime' }])(
    'to %j is refused',
    (session) => {
      const rig = new RealtimeRig();
      rig.say({ type: 'session.update', session });
      expect(rig.types).toEqual(['session.created', 'error']);
    },
  );

  it('once audio has come stays as it was, and says so; another format is an error', () => {
    const rig = new RealtimeRig();
    rig.append(20);
    rig.update({ turn_detection: null, format: { type: 'audio/pcm', rate: 24_000 } });
    expect(rig.all('session.updated')[0]!.session).toEqual(rig.events[0]!.session);
    rig.update({ format: { type: 'audio/pcma' } });
    expect(errorsOf(rig)).toMatchObject([
      { message: 'The audio format cannot be changed once audio has come.' },
    ]);
  });
});

describe('An event that cannot be followed', () => {
  it.each([
    ['{', 'invalid_event'],
    ['[]', 'invalid_event'],
    ['{"event_id":"e7"}', 'invalid_event'],
    ['{"type":"made.up","event_id":"e7"}', 'invalid_value'],
    ['{"type":"response.create","event_id":"e7"}', 'invalid_value'],
    ['{"type":"transcription_session.update","event_id":"e7","session":{}}', 'invalid_value'],
    ['{"type":"input_audio_buffer.append","event_id":"e7"}', 'invalid_value'],
    ['{"type":"input_audio_buffer.append","event_id":"e7","audio":"a!=="}', 'invalid_value'],
    ['{"type":"input_audio_buffer.append","event_id":"e7","audio":"abcde"}', 'invalid_value'],
    ['{"type":"input_audio_buffer.commit","event_id":"e7"}', 'input_audio_buffer_commit_empty'],
  ])('such as %s is told as an error, and the session goes on', (text, code) => {
    const rig = new RealtimeRig();
    rig.conversation.text(text);
    const event_id = text.includes('e7') ? 'e7' : null;
    expect(errorsOf(rig)).toMatchObject([{ type: 'invalid_request_error', code, event_id }]);
    expect([rig.closed, rig.fault, rig.controls]).toEqual([null, null, []]);
    rig.append(20);
    expect(Buffer.concat(rig.audio)).toHaveLength(960);
  });

  it('as bytes is told as an error', () => {
    const rig = new RealtimeRig();
    rig.conversation.binary(new Uint8Array(960));
    expect(errorsOf(rig)).toMatchObject([{ code: 'invalid_event' }]);
  });

  it('says that there are no conversations to those who want one', () => {
    const rig = new RealtimeRig();
    rig.say({ type: 'response.create' });
    expect(errorsOf(rig)).toMatchObject([
      { message: 'This server only transcribes: it holds no conversations.' },
    ]);
  });
});

describe('A stream that ends', () => {
  it.each([
    ['busy', 'server_error', 1013],
    ['audio-overrun', 'rate_limit_error', 1013],
    ['message-too-large', 'invalid_request_error', 1008],
    ['internal', 'server_error', 1011],
  ] as const)('by %s is told as %s, and closed with %i', (code, type, closeCode) => {
    const rig = new RealtimeRig();
    rig.append(20);
    rig.fail(new StreamError(code));
    expect(errorsOf(rig)).toMatchObject([{ type }]);
    expect(rig.closed).toEqual({ code: closeCode, reason: code });
  });

  it('because the server shuts down is closed as going away', () => {
    const rig = new RealtimeRig();
    rig.append(20);
    rig.tell({
      ...{ type: 'done', streamId: 's', captions: 0, receivedMs: 20, transcribedMs: 0 },
      ...{ silenceMs: 20, droppedMs: 0 },
    });
    rig.conversation.done();
    expect(rig.closed?.code).toBe(1001);
  });
});
