/**
 * The process in which idle streams live, so that none of their memory is the server's. Started by `idle-streams.ts`;
 * ends with its parent.
 */
import { WebSocket } from 'ws';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import type { IdleNews, IdleOrder } from './idle-messages.ts';

/** Streams on their way in at a time, those that were told to wait among them. */
const MOST_OPENING = 64;
/** A busy server has streams wait; one that lets a stream in no sooner lets none in. */
const MOST_WAIT_MS = 60_000;
const TICK_MS = 10;
const PROGRESS_MS = 500;

const START = JSON.stringify({ type: 'start', sampleRate: SAMPLE_RATE, encoding: 'pcm_s16le' });
const STOP = JSON.stringify({ type: 'stop' });

const sockets = new Set<WebSocket>();
let closing = false;
let stopSending = () => {};

process.on('disconnect', () => process.exit());
process.on('message', (order: IdleOrder) => {
  void obey(order).then(
    () => tell({ type: 'done' }),
    (error: Error) => tell({ type: 'lost', reason: error.message }),
  );
});

async function obey(order: IdleOrder): Promise<void> {
  if (order.type === 'open') await openAll(order);
  else if (order.type === 'send-silence') sendSilence(order.messageMs);
  else await closeAll();
}

async function openAll({ url, count, perSecond }: IdleOrder & { readonly type: 'open' }): Promise<void> {
  const startedMs = performance.now();
  let begun = 0;
  let saidMs = startedMs;
  const openSome = async () => {
    while (begun < count) {
      const dueMs = startedMs + (begun++ * 1000) / perSecond;
      await sleep(dueMs - performance.now());
      await openOne(url);
      if (performance.now() - saidMs < PROGRESS_MS) continue;
      saidMs = performance.now();
      tell({ type: 'progress', open: sockets.size });
    }
  };
  await Promise.all(Array.from({ length: MOST_OPENING }, openSome));
}

/** Resolves when the stream is let in, at once or after it was told to wait. */
function openOne(url: string): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  sockets.add(socket);

  return new Promise((resolve, reject) => {
    const patience = setTimeout(
      () => reject(new Error(`A stream was not let in within ${MOST_WAIT_MS / 1000} s`)),
      MOST_WAIT_MS,
    );
    socket.once('open', () => socket.send(START));
    socket.on('message', (data: Buffer) => {
      if (!data.includes('"type":"ready"')) return;
      clearTimeout(patience);
      resolve();
    });
    socket.once('error', reject);
    socket.once('close', (code, reason) => {
      sockets.delete(socket);
      clearTimeout(patience);
      const sentence = `A stream was closed with ${code} ${reason.toString()}`.trim();
      reject(new Error(sentence));
      if (!closing) tell({ type: 'lost', reason: sentence });
    });
  });
}

/** Streams take turns within the length of a message. */
function sendSilence(messageMs: number): void {
  const silence = new Uint8Array(((messageMs * SAMPLE_RATE) / 1000) * Int16Array.BYTES_PER_ELEMENT);
  const all = [...sockets];
  const startedMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) * all.length) / messageMs);
    for (; sent < due; sent++) all[sent % all.length]!.send(silence);
  }, TICK_MS);
  stopSending = () => clearInterval(timer);
}

async function closeAll(): Promise<void> {
  closing = true;
  stopSending();
  const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  for (const socket of sockets) socket.send(STOP);
  await Promise.all(closed);
  closing = false;
}

function sleep(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}

function tell(news: IdleNews): void {
  process.send!(news);
}
