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

decode(new Float32Array(SAMPLE_RATE));
// In the order of their arrival: what comes during a decode waits behind it, in the port.
parentPort!.on('message', receive);
post({ type: 'ready' });

function receive(message: ToThread): void {
  if (message.type === 'open') {
    clients.set(message.id, openClient(message.id, message.names));
    return;
  }
  const client = clients.get(message.id);
  if (!client) return;
  if (message.type === 'close') clients.delete(message.id);
  else if (message.type === 'stop') finish(client);
  else hear(client, message.samples);
}

function hear(client: Client, samples: Float32Array): void {
  const { stream } = client;
  client.receivedSamples += samples.length;
  stream.accept(samples, performance.now());
  decodeFinals(client, 'silence');
  if (stream.isPartialDue(performance.now())) decodePartial(client);
  if (stream.settledSample - client.ackedSample >= ACK_SAMPLES) acknowledge(client);
}

/** @param endpoint that a long segment was cut cannot be told from its pause: sherpa-onnx only waits for a shorter one. */
function decodeFinals(client: Client, endpoint: 'silence' | 'flush'): void {
  for (let segment = client.stream.takeFinal(); segment; segment = client.stream.takeFinal()) {
    const text = decode(segment.samples);
    client.transcribedSamples += segment.samples.length;
    if (text !== '') {
      client.captions++;
      const kind = { type: 'final', endpoint, language: 'en', model: 'sherpa-onnx' } as const;
      send(client, { ...kind, ...captionFields(client, segment, text, tailSamples) });
    }
    client.segmentId++;
    client.revision = 0;
    acknowledge(client);
  }
}

function decodePartial(client: Client): void {
  const segment = client.stream.takePartial(performance.now());
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
    spokenAtMs: 0,
    text,
  };
}

function finish(client: Client): void {
  client.stream.flush();
  decodeFinals(client, 'flush');
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
