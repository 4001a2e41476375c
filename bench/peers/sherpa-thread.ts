import { parentPort, workerData } from 'node:worker_threads';
import type { SpeakerServerMessage } from '../../client-sdk/protocol.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { WINDOW_SAMPLES } from '../../inference/vad.ts';
import { loadSherpa } from '../engine/engines.ts';
import type { FromThread, StreamNames, ThreadData, ToThread } from './sherpa-messages.ts';
import { type Segment, SherpaStream } from './sherpa-stream.ts';

interface Client {
  readonly id: number;
  readonly names: StreamNames;
  readonly stream: SherpaStream;
  segmentId: number;
  revision: number;
  receivedSamples: number;
  transcribedSamples: number;
  ackedSample: number;
  captions: number;
  stopping: boolean;
}

/** Audio between two acknowledgements of silence. */
const ACK_SAMPLES = SAMPLE_RATE;
/** As in sherpa-onnx's examples. It is also what the detector keeps from before speech, so that less costs words. */
const MIN_SPEECH_SECONDS = 0.25;
/** As in sherpa-onnx's examples. */
const VAD_BUFFER_SECONDS = 60;

const { moonshine, vocabulary, silero, endpointing } = workerData as ThreadData;
const { sherpa, recognizer } = await loadSherpa(moonshine, vocabulary);
const clients = new Map<number, Client>();
const tailSamples = (endpointing.tailPaddingMs * SAMPLE_RATE) / 1000;
let scheduled = false;

decode(new Float32Array(SAMPLE_RATE));
parentPort!.on('message', (message: ToThread) => {
  receive(message);
  pump();
});
post({ type: 'ready' });

function receive(message: ToThread): void {
  if (message.type === 'open') {
    clients.set(message.id, openClient(message.id, message.names));
    return;
  }
  const client = clients.get(message.id);
  if (!client) return;
  if (message.type === 'close') {
    clients.delete(message.id);
  } else if (message.type === 'stop') {
    client.stream.flush();
    client.stopping = true;
  } else {
    client.receivedSamples += message.samples.length;
    client.stream.accept(message.samples);
    if (client.stream.settledSample - client.ackedSample >= ACK_SAMPLES) acknowledge(client);
  }
}

/** Decodes one thing at a time; what has arrived meanwhile is read in between. */
function pump(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(() => {
    scheduled = false;
    if (decodeNext()) pump();
  });
}

/** Finals first, then the partial of the client whose turn it is. */
function decodeNext(): boolean {
  for (const client of clients.values()) {
    if (!client.stream.isFinalDue && !client.stopping) continue;
    if (client.stream.isFinalDue) decodeFinal(client);
    else finish(client);
    return true;
  }
  for (const client of clients.values()) {
    if (!client.stream.isPartialDue) continue;
    decodePartial(client);
    // To the end of the line.
    clients.delete(client.id);
    clients.set(client.id, client);
    return true;
  }

  return false;
}

function decodeFinal(client: Client): void {
  const segment = client.stream.takeFinal()!;
  const text = decode(segment.samples);
  client.transcribedSamples += segment.samples.length;
  if (text !== '') {
    client.captions++;
    // That a long segment was cut cannot be told from its pause: sherpa-onnx then only waits for a shorter one.
    const endpoint = client.stopping ? 'flush' : 'silence';
    const kind = { type: 'final', endpoint, language: 'en', model: 'sherpa-onnx' } as const;
    send(client, { ...kind, ...captionFields(client, segment, text, tailSamples) });
  }
  client.segmentId++;
  client.revision = 0;
  acknowledge(client);
}

function decodePartial(client: Client): void {
  const segment = client.stream.takePartial();
  const text = decode(segment.samples);
  if (text === '') return;
  send(client, { type: 'partial', stableChars: 0, ...captionFields(client, segment, text, 0) });
}

/** @param afterSamples added to the end: finals of the other server end with so much silence. */
function captionFields(client: Client, segment: Segment, text: string, afterSamples: number) {
  const { startSample, samples } = segment;

  return {
    ...client.names,
    captionId: `${client.names.streamId}:${client.segmentId}`,
    segmentId: client.segmentId,
    revision: client.revision++,
    startMs: toMs(startSample),
    endMs: toMs(startSample + samples.length + afterSamples),
    text,
  };
}

function finish(client: Client): void {
  const { receivedSamples, transcribedSamples, captions } = client;
  const { streamId } = client.names;
  const receivedMs = toMs(receivedSamples);
  const transcribedMs = toMs(transcribedSamples);
  const books = { receivedMs, transcribedMs, silenceMs: receivedMs - transcribedMs, droppedMs: 0 };
  send(client, { type: 'done', streamId, captions, ...books }, true);
  clients.delete(client.id);
}

function acknowledge(client: Client): void {
  client.ackedSample = client.stream.settledSample;
  send(client, { type: 'ack', acknowledgedMs: toMs(client.ackedSample) });
}

function decode(samples: Float32Array): string {
  const stream = recognizer.createStream();
  stream.acceptWaveform({ samples, sampleRate: SAMPLE_RATE });
  recognizer.decode(stream);

  return recognizer.getResult(stream).text.trim();
}

function openClient(id: number, names: StreamNames): Client {
  const { startThreshold, minSilenceMs, maxSegmentMs, partialIntervalMs } = endpointing;
  const detector = new sherpa.Vad(
    {
      sileroVad: {
        model: silero,
        threshold: startThreshold,
        minSilenceDuration: minSilenceMs / 1000,
        minSpeechDuration: MIN_SPEECH_SECONDS,
        maxSpeechDuration: maxSegmentMs / 1000,
        windowSize: WINDOW_SAMPLES,
      },
      sampleRate: SAMPLE_RATE,
      numThreads: 1,
      provider: 'cpu',
    },
    VAD_BUFFER_SECONDS,
  );

  return {
    id,
    names,
    stream: new SherpaStream(detector, partialIntervalMs),
    segmentId: 0,
    revision: 0,
    receivedSamples: 0,
    transcribedSamples: 0,
    ackedSample: 0,
    captions: 0,
    stopping: false,
  };
}

function send({ id }: Client, message: SpeakerServerMessage, last = false): void {
  post({ type: 'send', id, json: JSON.stringify(message), last });
}

function post(message: FromThread): void {
  parentPort!.postMessage(message);
}

function toMs(samples: number): number {
  return Math.round((samples * 1000) / SAMPLE_RATE);
}
