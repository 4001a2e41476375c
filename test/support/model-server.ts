import type { WebSocketConstructor } from '../../client-sdk/connection/web-socket.ts';
import type { ClientMessage, ResumeMessage, StartMessage } from '../../client-sdk/protocol.ts';
import { ModelSocket } from './model-socket.ts';

/** Audio of a model's client is floats that count up from 0, so that each tells its place. */
export const MODEL_RATE = 16_000;
const FRAME_BYTES = 4;
/** Frames before those that are settled that a server may want again: 100 ms less what rounding takes. */
const MAX_HISTORY_FRAMES = 1580;

/** One stream as the model keeps it. Positions are frames since it began. */
export interface ModelStream {
  readonly id: string;
  readonly token: string;
  readonly start: StartMessage;
  /** What was settled, in order: never to come again. */
  readonly settled: number[];
  /** Behind that: what came on the present connection. */
  received: number[];
  /** Frames at the front of what comes that are settled already. */
  history: number;
  /** What a crash does not lose. */
  storedFrames: number;
  readonly gaps: { at: number; durationMs: number }[];
  socket: ModelSocket | null;
  isStopped: boolean;
  isOver: boolean;
}

/** What a server's faults are decided by. */
export interface ModelOptions {
  /** 0 to 1, for each resumption: how much of the longest history it wants again. */
  readonly historyShare?: () => number;
  readonly maxBufferedMs?: number;
}

/**
 * As much of a server as decides what audio comes where: takes streams up from what is settled, acknowledges only what is
 * stored, and notes any audio that is not just the next. Recognises nothing.
 */
export class ModelServer {
  readonly WebSocket: WebSocketConstructor;
  readonly sockets: ModelSocket[] = [];
  readonly streams: ModelStream[] = [];
  /** All control messages that came, in order. */
  readonly heard: ClientMessage[] = [];
  /** What a client should never do. */
  readonly faults: string[] = [];
  /** Greatest distance of what came from what had been acknowledged. */
  widestWindowMs = 0;
  isUp = true;
  /** Said, and closed with, in answer to the next `start` or `resume`. */
  refusal: { readonly code: string; readonly retryable: boolean; readonly retryAfterMs?: number } | null =
    null;
  /** Whether `start` is answered at all; else its sender waits. */
  isOpen = true;
  readonly #options: ModelOptions;
  /** By socket, the frames of audio that its acknowledgements spoke of. */
  readonly #acknowledged = new Map<ModelSocket, number>();

  constructor(options: ModelOptions = {}) {
    this.#options = options;
    const take = (socket: ModelSocket) => this.#connected(socket);
    this.WebSocket = class extends ModelSocket {
      constructor(url: string, subprotocols: string[]) {
        super(url, subprotocols);
        take(this);
      }
    };
  }

  /** The newest stream. */
  get stream(): ModelStream {
    return this.streams.at(-1)!;
  }

  /** The newest connection. */
  get socket(): ModelSocket {
    return this.sockets.at(-1)!;
  }

  /** Has so many more frames of a stream become final, and says so. @param isStored whether that outlives a crash. */
  settle(stream: ModelStream, frames: number, isStored = true): void {
    const taken = stream.received.splice(0, frames);
    stream.settled.push(...taken);
    if (isStored) this.store(stream);
  }

  /** Stores what is settled, and acknowledges it. */
  store(stream: ModelStream): void {
    stream.storedFrames = stream.settled.length;
    if (stream.socket) this.#acknowledged.set(stream.socket, stream.storedFrames);
    stream.socket?.say({
      type: 'ack',
      acknowledgedMs: Math.floor((stream.storedFrames * 1000) / MODEL_RATE),
    });
  }

  /** The process dies: what was not stored is gone, and all connections are. */
  crash(): void {
    for (const stream of this.streams) {
      stream.settled.length = stream.storedFrames;
      stream.gaps.splice(0, stream.gaps.length, ...stream.gaps.filter(({ at }) => at <= stream.storedFrames));
    }
    for (const socket of this.sockets) socket.cut();
  }

  /** The server forgets its streams. */
  forget(): void {
    for (const stream of this.streams) stream.isOver = true;
    for (const socket of this.sockets) socket.cut();
  }

  /** The server is told to stop: what it has is settled, and every stream is done. */
  drain(): void {
    for (const stream of this.streams) if (stream.socket && !stream.isOver) this.#finish(stream);
  }

  #connected(socket: ModelSocket): void {
    this.sockets.push(socket);
    let stream: ModelStream | null = null;
    setImmediate(() => {
      if (!this.isUp) {
        socket.refuse();
        return;
      }
      socket.accept({
        received: (data) => {
          if (typeof data !== 'string') {
            if (stream?.socket === socket) this.#audio(stream, data);
            return;
          }
          const message = JSON.parse(data) as ClientMessage;
          this.heard.push(message);
          if (message.type === 'start') stream = this.#start(socket, message);
          else if (message.type === 'resume') stream = this.#resume(socket, message);
          else if (message.type === 'marker' && !stream) socket.say(message);
          else if (stream?.socket === socket && !stream.isOver) this.#control(stream, message);
        },
        closed: () => {
          if (stream?.socket === socket) stream.socket = null;
        },
      });
    });
  }

  #start(socket: ModelSocket, start: StartMessage): ModelStream | null {
    if (this.#refuses(socket)) return null;
    if (!this.isOpen) {
      socket.say({ type: 'waiting', ahead: 3, expectedWaitMs: 20_000 });
      return null;
    }
    const id = `s${this.streams.length}`;
    const stream: ModelStream = {
      ...{
        id,
        token: `token-${id}`,
        start,
        settled: [],
        received: [],
        history: 0,
        storedFrames: 0,
        gaps: [],
      },
      ...{ socket, isStopped: false, isOver: false },
    };
    this.streams.push(stream);
    this.#admit(stream, socket, 0);

    return stream;
  }

  #resume(socket: ModelSocket, { token, acknowledgedMs }: ResumeMessage): ModelStream | null {
    if (this.#refuses(socket)) return null;
    const stream = this.streams.find((known) => known.token === token);
    if (!stream || stream.isOver) {
      this.#fail(socket, 'unknown-stream', 4410);
      return null;
    }
    if (stream.socket) this.#fail(stream.socket, 'taken-over', 4409);
    const leastFrame = Math.max(0, Math.ceil((acknowledgedMs - 100) * (MODEL_RATE / 1000)));
    const history = Math.round((this.#options.historyShare?.() ?? 0) * MAX_HISTORY_FRAMES);
    stream.history = Math.min(history, Math.max(0, stream.settled.length - leastFrame));
    stream.received = [];
    stream.gaps.splice(
      0,
      stream.gaps.length,
      ...stream.gaps.filter(({ at }) => at <= stream.settled.length - stream.history),
    );
    stream.isStopped = false;
    this.#admit(stream, socket, stream.settled.length - stream.history);

    return stream;
  }

  #admit(stream: ModelStream, socket: ModelSocket, nextFrame: number): void {
    stream.socket = socket;
    this.#acknowledged.set(socket, nextFrame);
    const { meeting = stream.id, speaker = 'Speaker 1' } = stream.start;
    socket.say({
      ...{ type: 'ready', version: 1, streamId: stream.id, meeting, speaker, model: 'x@0' },
      maxBufferedMs: this.#options.maxBufferedMs ?? 60_000,
      ...{ resumeToken: stream.token, resumeWindowMs: 120_000, nextFrame },
    });
  }

  #refuses(socket: ModelSocket): boolean {
    if (!this.refusal) return false;
    const { code, retryable, ...rest } = this.refusal;
    this.refusal = null;
    this.#fail(socket, code, 4503, { retryable, ...rest });

    return true;
  }

  #fail(socket: ModelSocket, code: string, closeCode: number, more: object = { retryable: false }): void {
    socket.say({ type: 'error', code, message: `${code}.`, fatal: true, ...more });
    socket.end(closeCode, code);
  }

  #audio(stream: ModelStream, bytes: Uint8Array): void {
    if (stream.isOver) return;
    if (bytes.length === 0 || bytes.length % FRAME_BYTES !== 0) this.faults.push('No whole frames.');
    if (stream.isStopped) this.faults.push('Audio after stop.');
    for (const sample of new Float32Array(bytes.buffer)) {
      if (stream.history > 0) {
        const expected = stream.settled.at(-stream.history--);
        if (sample !== expected) this.faults.push(`${sample} came again in place of ${expected}.`);
      } else {
        stream.received.push(sample);
      }
    }
    const position = stream.settled.length + stream.received.length;
    const windowMs = ((position - this.#acknowledged.get(stream.socket!)!) * 1000) / MODEL_RATE;
    this.widestWindowMs = Math.max(this.widestWindowMs, windowMs);
  }

  #control(stream: ModelStream, message: ClientMessage): void {
    if (message.type === 'marker') stream.socket!.say(message);
    if (message.type === 'gap') {
      const at = stream.settled.length - stream.history + stream.received.length;
      stream.gaps.push({ at, durationMs: message.durationMs });
    }
    if (message.type === 'stop') {
      stream.isStopped = true;
      this.#finish(stream);
    }
  }

  #finish(stream: ModelStream): void {
    const socket = stream.socket!;
    this.settle(stream, stream.received.length);
    const receivedMs = Math.floor((stream.settled.length * 1000) / MODEL_RATE);
    socket.say({
      ...{ type: 'done', streamId: stream.id, captions: 1, receivedMs },
      ...{ transcribedMs: receivedMs, silenceMs: 0, droppedMs: 0 },
    });
    socket.end(1000, 'done');
    if (!stream.isStopped) stream.isOver = true;
  }
}
