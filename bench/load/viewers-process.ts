/**
 * The process in which the viewers of a meeting live, so that what they take is not the server's. Started by
 * `viewers-bench.ts`; ends with its parent.
 */
import { WebSocket } from 'ws';
import type { ServerMessage } from '../../client-sdk/protocol.ts';
import type { SeenCaptions, ViewersNews, ViewersOrder } from './viewers-messages.ts';

/** Connections on their way at a time. */
const MOST_OPENING = 64;
const PROGRESS_MS = 500;

/** One caption, as it comes to viewer after viewer. */
interface Seen {
  readonly isFinal: boolean;
  readonly endSpokenMs: number;
  readonly arrivedMs: number[];
}

const sockets = new Set<WebSocket>();
/** By what was sent, which is the same for everybody; read once. */
const seen = new Map<string, Seen | null>();
let messages = 0;
let bytes = 0;

process.on('disconnect', () => process.exit());
process.on('message', (order: ViewersOrder) => {
  void obey(order).then(tell, (error: Error) => tell({ type: 'lost', reason: error.message }));
});

async function obey(order: ViewersOrder): Promise<ViewersNews> {
  if (order.type === 'open') await openAll(order);
  else if (order.type === 'begin') forget();
  else return { type: 'seen', seen: summary() };

  return { type: 'done' };
}

async function openAll({ url, count, perSecond }: ViewersOrder & { readonly type: 'open' }): Promise<void> {
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

function openOne(url: string): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true });
  sockets.add(socket);

  return new Promise((resolve, reject) => {
    socket.on('message', (data: Buffer) => {
      // One that is refused is told so first, too.
      if (data.includes('"type":"watching"')) resolve();
      receive(data);
    });
    socket.once('error', reject);
    socket.once('close', (code, reason) => {
      sockets.delete(socket);
      const sentence = `A viewer was closed with ${code} ${reason.toString()}`.trim();
      reject(new Error(sentence));
      tell({ type: 'lost', reason: sentence });
    });
  });
}

function receive(data: Buffer): void {
  messages++;
  bytes += data.length;
  const key = data.toString('latin1');
  let caption = seen.get(key);
  if (caption === undefined) {
    caption = read(data);
    seen.set(key, caption);
  }
  caption?.arrivedMs.push(performance.timeOrigin + performance.now());
}

function read(data: Buffer): Seen | null {
  const message = JSON.parse(data.toString()) as ServerMessage;
  if (message.type !== 'partial' && message.type !== 'final') return null;
  const { spokenAtMs, startMs, endMs } = message;

  return { isFinal: message.type === 'final', endSpokenMs: spokenAtMs + endMs - startMs, arrivedMs: [] };
}

function forget(): void {
  seen.clear();
  messages = 0;
  bytes = 0;
}

function summary(): SeenCaptions {
  const captions = [...seen.values()].filter((caption) => caption !== null);
  const delays = (isFinal: boolean) =>
    captions
      .filter((caption) => caption.isFinal === isFinal)
      .flatMap(({ endSpokenMs, arrivedMs }) => arrivedMs.map((ms) => ms - endSpokenMs));

  return {
    messages,
    bytes,
    captions: captions.length,
    incomplete: captions.filter(({ arrivedMs }) => arrivedMs.length !== sockets.size).length,
    partialDelaysMs: delays(false),
    finalDelaysMs: delays(true),
    spreadsMs: captions.map(({ arrivedMs }) => arrivedMs.at(-1)! - arrivedMs[0]!),
  };
}

function sleep(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}

function tell(news: ViewersNews): void {
  process.send!(news);
}
