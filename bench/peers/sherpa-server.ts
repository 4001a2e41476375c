/**
 * A server to compare with: what a competent person writes in an afternoon from the examples of `ws` and
 * sherpa-onnx-node, with the same weights.
 *
 * - One thread takes the sockets; `--threads` threads (2 unless told otherwise) each have a recogniser of their own, and
 *   streams are dealt out to them in turn.
 * - Each connection has a Silero detector of its own, from the same file, with the same threshold, silence at the end
 *   (800 ms) and longest segment, in the thread of its recogniser. No batches.
 * - As in sherpa-onnx's examples of simulated streaming, speech is decoded from its beginning whenever 500 ms have passed,
 *   by the clock on the wall, and once more when it has ended. A thread takes messages in the order of their arrival.
 * - No flow control, no limits, no metrics.
 *
 * It speaks as much of this server's protocol as a load generator needs: `start` for 16-bit audio at 16 kHz, `ready`,
 * audio, `partial`, `final`, `ack`, `stop`, `done`. `endMs` of a final counts the padding that this server's finals have
 * at their end, though this one decodes no padding: so the end of speech lies as much before it for both.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StartMessage } from '../../client-sdk/protocol.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { createPcmDecoder } from '../../server/audio/pcm.ts';
import { readConfig } from '../../server/config/config.ts';
import { moonshineFiles } from '../../server/model-store/moonshine-files.ts';
import { ModelStore } from '../../server/model-store/store.ts';
import { sherpaTokens } from '../engine/sherpa-tokens.ts';
import type { FromThread, ThreadData, ToThread } from './sherpa-messages.ts';

const THREAD = new URL('./sherpa-thread.js', import.meta.url);
/** Told to clients, who may send so much at once: nothing here holds them to it. */
const MAX_BUFFERED_MS = 60_000;

const { values: flags } = parseArgs({
  options: { port: { type: 'string', default: '0' }, threads: { type: 'string', default: '2' } },
});
const decoder = createPcmDecoder({ encoding: 'pcm_s16le', channels: 1 });
const sockets = new Map<number, WebSocket>();
let lastId = 0;

const threads = await startThreads(Number(flags.threads));
const server = createServer((_, response) => response.writeHead(404).end());
const sockServer = new WebSocketServer({ server, path: '/v1/stream', perMessageDeflate: false });
sockServer.on('connection', serve);
server.listen(Number(flags.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  log({ msg: 'ready', url: `http://127.0.0.1:${port}` });
});
process.on('SIGTERM', () => process.exit());
// The bench that started it is gone.
process.on('disconnect', () => process.exit());

async function startThreads(count: number): Promise<readonly Worker[]> {
  const config = readConfig();
  const store = new ModelStore({ directory: config.modelsDir });
  const folder = mkdtempSync(join(tmpdir(), 'roundtable-peer-'));
  process.on('exit', () => rmSync(folder, { recursive: true }));
  const vocabulary = join(folder, 'tokens.txt');
  writeFileSync(vocabulary, sherpaTokens());
  const silero = Object.values((await store.resolve(config.vadModel)).files)[0]!;
  const moonshine = moonshineFiles(await store.resolve(config.model));
  const data: ThreadData = { moonshine, vocabulary, silero, endpointing: config };

  return Promise.all(Array.from({ length: count }, () => startThread(data)));
}

function startThread(data: ThreadData): Promise<Worker> {
  const thread = new Worker(THREAD, { workerData: data });

  return new Promise((resolve) => {
    thread.on('message', (message: FromThread) => {
      if (message.type === 'ready') {
        resolve(thread);
        return;
      }
      const socket = sockets.get(message.id);
      socket?.send(message.json);
      if (message.last) socket?.close(1000, 'done');
    });
    // Without a handler for its error, a thread that dies ends the server.
  });
}

function serve(socket: WebSocket): void {
  const id = ++lastId;
  const thread = threads[id % threads.length]!;
  const tell = (message: ToThread) => thread.postMessage(message);
  sockets.set(id, socket);
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      const samples = decoder.decode(data);
      thread.postMessage({ type: 'audio', id, samples } satisfies ToThread, [samples.buffer as ArrayBuffer]);
      return;
    }
    const message = JSON.parse(data.toString()) as StartMessage | { readonly type: 'stop' };
    if (message.type === 'stop') tell({ type: 'stop', id });
    else open(socket, id, message, tell);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    sockets.delete(id);
    tell({ type: 'close', id });
  });
}

function open(socket: WebSocket, id: number, start: StartMessage, tell: (message: ToThread) => void): void {
  if (start.sampleRate !== SAMPLE_RATE || start.encoding !== 'pcm_s16le') {
    socket.close(4415, 'only pcm_s16le at 16000');
    return;
  }
  const streamId = randomBytes(9).toString('base64url');
  const meeting = start.meeting ?? streamId;
  tell({ type: 'open', id, names: { streamId, meeting, speaker: start.speaker ?? 'Speaker' } });
  const ready = { type: 'ready', version: 1, streamId, meeting, model: 'sherpa-onnx' };
  socket.send(JSON.stringify({ ...ready, maxBufferedMs: MAX_BUFFERED_MS }));
}

function log(entry: object): void {
  process.stderr.write(`${JSON.stringify(entry)}\n`);
}
