import { describe, expect, it } from 'vitest';
import type { DoneMessage, FinalMessage, SpeakerServerMessage } from '../../client-sdk/protocol.ts';
import { ANYONE } from '../../server/admission/api-keys.ts';
import { modelAnswer, modelsAnswer } from '../../server/dialects/openai/models.ts';
import { openaiErrorAnswer } from '../../server/dialects/openai/openai-errors.ts';
import { type TranscriptionParts, transcribe } from '../../server/dialects/openai/transcribe.ts';
import { transcriptionAnswer } from '../../server/dialects/openai/transcription-answer.ts';
import {
  type ResponseFormat,
  readTranscriptionForm,
} from '../../server/dialects/openai/transcription-form.ts';
import { StreamError } from '../../server/errors.ts';
import { errorMessage } from '../../server/net/error-message.ts';
import type { HttpAnswer, StreamedAnswer } from '../../server/net/http.ts';
import type { ResponseBody } from '../../server/net/response-body.ts';
import { readClips } from '../support/audio.ts';
import { postRequest } from '../support/post-rig.ts';
import { servedModels } from '../support/served-models.ts';

const DONE: DoneMessage = {
  ...{ type: 'done', streamId: 's', captions: 2 },
  ...{ receivedMs: 9500, transcribedMs: 5000, silenceMs: 4500, droppedMs: 0 },
};

function final(segmentId: number, text: string, confidence?: number): FinalMessage {
  return {
    ...{ type: 'final', meeting: 's', streamId: 's', speaker: 'Ada', captionId: `s:${segmentId}`, segmentId },
    ...{ revision: 0, startMs: segmentId * 3000, endMs: segmentId * 3000 + 2000, spokenAtMs: 0, text },
    ...{ endpoint: 'silence', language: 'en', model: 'scripted@0' },
    ...(confidence !== undefined && { confidence }),
  };
}

function answer(
  finals: readonly FinalMessage[],
  format: ResponseFormat,
  granularities: readonly string[] = ['segment'],
  done = DONE,
): HttpAnswer {
  return transcriptionAnswer({ finals, done }, { format, granularities });
}

function json({ body }: HttpAnswer): unknown {
  return JSON.parse(String(body));
}

describe('The form of a transcription', () => {
  it('may leave everything out', () => {
    expect(readTranscriptionForm(new Map())).toEqual({
      ...{ format: 'json', isStreamed: false, granularities: ['segment'] },
      ...{ model: null, language: null, endpointing: {}, hotWords: [] },
    });
  });

  it.each([
    [{ 'timestamp_granularities[]': ['word', 'segment'] }, { granularities: ['word', 'segment'] }],
    [{ timestamp_granularities: ['word'] }, { granularities: ['word'] }],
    [{ language: [' es '] }, { language: 'es' }],
    [{ model: [' whisper-1 '] }, { model: 'whisper-1' }],
    [{ language: [''] }, { language: null }],
    [{ 'keywords[]': ['Ada', ' '], keywords: ['Grace'] }, { hotWords: ['Ada', 'Grace'] }],
    [
      { stream: ['True'], response_format: ['text'] },
      { isStreamed: true, format: 'text' },
    ],
    [{ chunking_strategy: ['auto'] }, { endpointing: {} }],
    [
      { chunking_strategy: ['{"type":"server_vad","silence_duration_ms":400}'] },
      { endpointing: { minSilenceMs: 400 } },
    ],
    [
      { 'chunking_strategy[silence_duration_ms]': ['9000'], 'chunking_strategy[threshold]': ['0'] },
      { endpointing: { minSilenceMs: 2000, startThreshold: 0.1 } },
    ],
    [
      { model: ['whisper-1'], temperature: ['2'], 'include[]': ['logprobs'], unheard_of: ['x'] },
      { format: 'json' },
    ],
  ])('is read from %j', (fields, wanted) => {
    expect(readTranscriptionForm(new Map(Object.entries(fields)))).toMatchObject(wanted);
  });

  it.each([
    [{ response_format: ['diarized_json'] }, /does not tell speakers apart/],
    [{ response_format: ['xml'] }, /one of json, text, srt, verbose_json, vtt/],
    [{ stream: ['true'], response_format: ['vtt'] }, /json or text where stream is true/],
    [{ 'timestamp_granularities[]': ['phone'] }, /word or segment/],
    [{ chunking_strategy: ['{'] }, /auto or an object/],
    [{ chunking_strategy: ['7'] }, /auto or an object/],
    [{ 'chunking_strategy[threshold]': ['high'] }, /has to be a number/],
  ])('is refused as %j', (fields, message) => {
    expect(() => readTranscriptionForm(new Map(Object.entries(fields)))).toThrow(message);
  });
});

describe('The answer of a transcription', () => {
  const spoken = [final(0, 'Good morning, all.', 0.9), final(1, ''), final(2, "Let's begin.", 0.5)];

  it('is the text with how long the audio was', () => {
    expect(json(answer(spoken, 'json'))).toEqual({
      text: "Good morning, all. Let's begin.",
      usage: { type: 'duration', seconds: 9.5 },
    });
    expect(answer(spoken, 'text')).toMatchObject({
      ...{ contentType: 'text/plain; charset=utf-8', body: "Good morning, all. Let's begin.\n" },
    });
  });

  it('says of how much audio the words are missing', () => {
    expect(json(answer(spoken, 'json', [], { ...DONE, droppedMs: 1500 }))).toMatchObject({
      dropped_seconds: 1.5,
    });
  });

  it('has nothing measured in it that was not', () => {
    expect(json(answer(spoken, 'verbose_json', ['segment', 'word']))).toEqual({
      ...{ task: 'transcribe', language: 'english', duration: 9.5, text: "Good morning, all. Let's begin." },
      segments: [
        {
          ...{ id: 0, seek: 0, start: 0, end: 2, text: ' Good morning, all.', tokens: [], temperature: 0 },
          avg_logprob: Math.log(0.9),
          ...{ compression_ratio: expect.closeTo(0.7, 1), no_speech_prob: 0 },
        },
        expect.objectContaining({ id: 1, start: 6, end: 8, text: " Let's begin." }),
      ],
      words: [
        { word: 'Good', start: 0, end: expect.closeTo(0.53, 1) },
        expect.objectContaining({ word: 'morning' }),
        expect.objectContaining({ word: 'all', end: 2 }),
        expect.objectContaining({ word: "Let's", start: 6 }),
        expect.objectContaining({ word: 'begin', end: 8 }),
      ],
      word_times: 'interpolated',
      usage: { type: 'duration', seconds: 9.5 },
    });
  });

  it('has the times of words that the recogniser timed, and says so where it timed all of them', () => {
    const words = [
      { text: 'One,', startMs: 1040, endMs: 1200, confidence: 0.7 },
      { text: 'two.', startMs: 1600, endMs: 1900, confidence: 0.5 },
    ];
    const timed = { ...final(0, 'One, two.'), words };
    const verbose = (...finals: FinalMessage[]) => json(answer(finals, 'verbose_json', ['word']));
    expect(verbose(timed)).toMatchObject({
      words: [
        { word: 'One', start: 1.04, end: 1.2 },
        { word: 'two', start: 1.6, end: 1.9 },
      ],
      word_times: 'measured',
    });
    expect(verbose(timed, final(1, 'Three.'))).toMatchObject({ word_times: 'interpolated' });
  });

  it('leaves out a probability that the model does not tell, and has one for what it finds impossible', () => {
    const { segments } = json(answer([final(0, 'a'), final(1, 'b', 0)], 'verbose_json')) as {
      segments: { avg_logprob?: number }[];
    };
    expect(segments.map(({ avg_logprob }) => avg_logprob)).toEqual([undefined, Math.log(0.0005)]);
  });

  it('puts no blanks where a script has none', () => {
    const chinese = [final(0, '早上好。'), final(1, '开始吧。')];
    expect(json(answer(chinese, 'verbose_json'))).toMatchObject({
      text: '早上好。开始吧。',
      segments: [{ text: '早上好。' }, { text: '开始吧。' }],
    });
  });

  it('of silence is empty in every format', () => {
    const bodies = (['json', 'text', 'srt', 'vtt'] as const).map((format) => answer([], format).body);
    expect(bodies).toEqual([
      ...['{"text":"","usage":{"type":"duration","seconds":9.5}}\n', '\n', '', 'WEBVTT\n'],
    ]);
    expect(json(answer([], 'verbose_json', ['word']))).toMatchObject({ text: '', words: [] });
  });
});

/** What lobbies were told of. */
const toldErrors: unknown[][] = [];

/** A lobby whose stream says this once all audio has come, and then ends. */
function lobbyThatSays(...messages: readonly SpeakerServerMessage[]): TranscriptionParts['lobby'] {
  return {
    recognizers: servedModels({ name: 'scripted' }),
    error: (...told) => void toldErrors.push(told),
    speaker: (connection) => ({
      ...{ received: () => {}, roomMs: Number.POSITIVE_INFINITY, closed: () => {}, fault: () => {} },
      message: (message) => {
        if (message.type === 'audio') return;
        if (message.fields.type === 'start')
          connection.send({
            ...{ type: 'ready', version: 1, streamId: 's', meeting: 's', speaker: 'Ada' },
            ...{ model: 'scripted@0', maxBufferedMs: 60_000, resumeToken: '', resumeWindowMs: 0 },
            nextFrame: 0,
          });
        if (message.fields.type !== 'stop') return;
        for (const told of messages) connection.send(told);
        connection.close(1000, 'done');
      },
    }),
  };
}

/** What a client gets that wants the text as it is made. @param messages of the stream; what then goes wrong, as an Error. */
async function streamed(...messages: readonly (SpeakerServerMessage | Error)[]): Promise<unknown[]> {
  const failure = messages.find((message) => message instanceof Error);
  const [clip] = await readClips();
  const events: unknown[] = [];
  let isRemoved = false;
  const parts: TranscriptionParts = {
    lobby: lobbyThatSays(...messages.flatMap((message) => (message instanceof Error ? [] : [message]))),
    config: { maxRecordingMs: 60_000 },
    uploads: {
      form: async () => ({
        ...{ path: clip!.path, bytes: 1, fileName: 'a.flac', contentType: 'audio/flac' },
        fields: new Map([['stream', ['true']]]),
        remove: async () => {
          isRemoved = true;
          if (failure) throw failure;
        },
      }),
    },
  };
  const made = (await transcribe(parts, postRequest([]), ANYONE)) as StreamedAnswer;
  await new Promise<void>((resolve) => {
    const write = (piece: string) => {
      expect(piece).toMatch(/^data: .*\n\n$/);
      events.push(JSON.parse(piece.slice('data: '.length)));
    };
    made.stream({ write, end: resolve } as unknown as ResponseBody);
  });
  expect(isRemoved).toBe(true);

  return events;
}

describe('A transcription that is streamed', () => {
  it('is a delta for each caption, and all of the text', async () => {
    expect(await streamed(final(0, 'Good morning.'), final(1, ''), final(2, 'Begin.'), DONE)).toEqual([
      { type: 'transcript.text.delta', delta: 'Good morning.' },
      { type: 'transcript.text.delta', delta: ' Begin.' },
      {
        ...{ type: 'transcript.text.done', text: 'Good morning. Begin.' },
        usage: { type: 'duration', seconds: 9.5 },
      },
    ]);
  });

  it('of silence is the end alone', async () => {
    expect(await streamed(DONE)).toMatchObject([{ type: 'transcript.text.done', text: '' }]);
  });

  it('tells what goes wrong behind its first words among its events', async () => {
    const error = errorMessage(new StreamError('draining'));
    expect(await streamed(final(0, 'Good morning.'), error)).toMatchObject([
      { type: 'transcript.text.delta' },
      { error: { type: 'server_error', code: 'draining' } },
    ]);
  });

  it('has a failure without a name told to the log as well, and none that the session told', async () => {
    toldErrors.length = 0;
    await streamed(final(0, 'Good morning.'), errorMessage(new StreamError('draining')));
    expect(toldErrors).toEqual([]);
    const failure = new Error('EIO');
    expect(await streamed(final(0, 'Good morning.'), DONE, failure)).toMatchObject([
      { type: 'transcript.text.delta' },
      { error: { type: 'server_error', code: 'internal' } },
    ]);
    expect(toldErrors).toEqual([['internal', failure]]);
  });

  it('is refused where it goes wrong before', async () => {
    await expect(streamed(errorMessage(new StreamError('busy')))).rejects.toThrow(StreamError);
  });
});

describe('The models that clients are told of', () => {
  const source = { recognizers: servedModels({ name: 'first' }, { name: 'second' }) };

  it('are those that run, the default first', () => {
    const [first, second] = ['first', 'second'].map((id, i) => ({
      ...{ id, object: 'model', created: 0, owned_by: 'roundtable', sha256: String(i).repeat(64) },
    }));
    expect(json(modelsAnswer(source))).toEqual({ object: 'list', data: [first, second] });
    expect(json(modelAnswer(source, 'second'))).toEqual(second);
    expect(modelAnswer(source, 'whisper-1').status).toBe('404 Not Found');
  });
});

describe('An error of an upload', () => {
  it.each([
    ['upload-too-large', '413 Payload Too Large'],
    ['too-many-uploads', '429 Too Many Requests'],
    ['bad-recording', '400 Bad Request'],
    ['upload-stalled', '408 Request Timeout'],
    ['no-space', '503 Service Unavailable'],
    ['not-ready', '503 Service Unavailable'],
  ] as const)('%s is %s', (code, status) => {
    expect(openaiErrorAnswer(new StreamError(code)).status).toBe(status);
  });
});
