import { WebSocket } from 'ws';
import type { FinalMessage, PartialMessage, SpeakerServerMessage } from '../../client-sdk/protocol.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import type { CaptionRecord, StreamRecord } from './records.ts';
import type { StreamPlan } from './script.ts';
import { ShownCaptions, type ShownSteps } from './shown-captions.ts';
import type { Sounds } from './sounds.ts';

/** What all streams of a run share. */
export interface SpeakerSettings {
  readonly url: string;
  readonly sounds: Sounds;
  readonly tailPaddingMs: number;
  readonly partials: boolean;
  /** The run's time. */
  readonly now: () => number;
  readonly heard: (caption: CaptionRecord) => void;
  readonly failed: () => void;
  readonly closed: () => void;
}

/** How long before its first sample a stream connects. */
export const LEAD_MS = 1000;
/** A stream of which the server reads nothing for a minute is given up. */
const MAX_UNREAD_BYTES = 60 * SAMPLE_RATE * 2;
/** Share of the audio a server holds for a stream that is sent ahead of what it acknowledged. */
const AHEAD = 0.5;
const TYPE_AT = '{"type":"'.length;
/** Frames are masked with zeros, which is allowed and spares copying each of them. */
const maskOfZeros = (mask: Buffer) => void mask.fill(0);

/** One stream: connects ahead of time, sends each message when its last sample has been heard, and keeps what it hears. */
export class Speaker {
  readonly #plan: StreamPlan;
  readonly #index: number;
  readonly #settings: SpeakerSettings;
  readonly #stepMs: number;
  readonly #messages: number;
  #socket: WebSocket | null = null;
  #state: 'waiting' | 'connecting' | 'speaking' | 'stopped' | 'closed' = 'waiting';
  /** When sample 0 of the plan is heard; what was over before the server was ready is not sent. */
  #planZeroMs: number;
  #firstMessage = 0;
  #nextMessage = 0;
  #turn = 0;
  #maxAheadMs = Number.POSITIVE_INFINITY;
  #acknowledgedMs = 0;
  readonly #captions: CaptionRecord[] = [];
  readonly #shown = new ShownCaptions();
  readonly #errors: Record<string, number> = {};
  readonly #service: StreamRecord['service'][number][] = [];
  #waited = false;
  #admitted = false;
  #done: StreamRecord['done'] = null;
  #closeCode: number | null = null;

  constructor(index: number, plan: StreamPlan, settings: SpeakerSettings) {
    this.#index = index;
    this.#plan = plan;
    this.#settings = settings;
    this.#stepMs = settings.sounds.messageMs / plan.speed;
    this.#messages = plan.lengthMs / settings.sounds.messageMs;
    this.#planZeroMs = plan.joinMs;
  }

  /** Whether it is bound to the clock of speech. */
  get inRealTime(): boolean {
    return this.#plan.speed === 1;
  }

  /** Whether it is connected and sends. */
  get speaking(): boolean {
    return this.#state === 'speaking';
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** When there is something to do next; infinite while that is the server's turn to say. */
  get dueMs(): number {
    if (this.#state === 'waiting') return this.#plan.joinMs - LEAD_MS;
    if (this.#state === 'connecting') return this.#overMs;
    if (this.#state !== 'speaking') return Number.POSITIVE_INFINITY;
    if (this.#isAhead()) return this.#plan.untilMs;

    return Math.min(this.#planZeroMs + (this.#nextMessage + 1) * this.#stepMs, this.#plan.untilMs);
  }

  /** Does what is due: connects, or sends the next message, and stops after the last. */
  act(nowMs: number): void {
    if (this.#state === 'waiting') this.#connect();
    else if (this.#state === 'connecting') this.#giveUp();
    else if (nowMs >= this.#plan.untilMs || this.#nextMessage >= this.#messages) this.#stop();
    else this.#speak(nowMs);
  }

  /** What became of it; ends the connection if it is still there. */
  finish(): StreamRecord {
    this.#socket?.terminate();
    const { messageMs } = this.#settings.sounds;

    return {
      index: this.#index,
      zeroMs: this.#admitted ? this.#zeroMs : null,
      missedMs: this.#firstMessage * messageMs,
      sentMs: (this.#nextMessage - this.#firstMessage) * messageMs,
      captions: this.#captions,
      errors: this.#errors,
      service: this.#service,
      waited: this.#waited,
      done: this.#done,
      closeCode: this.#closeCode,
    };
  }

  /** When the stream's own first sample was heard. */
  get #zeroMs(): number {
    return this.#planZeroMs + this.#firstMessage * this.#stepMs;
  }

  /** When there is nothing left to say for one that has not been let in; never for one not bound to the clock. */
  get #overMs(): number {
    const { joinMs, lengthMs, untilMs } = this.#plan;

    return this.inRealTime ? Math.min(joinMs + lengthMs, untilMs) : untilMs;
  }

  #connect(): void {
    const { url, partials, closed } = this.#settings;
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      generateMask: maskOfZeros,
    });
    this.#socket = socket;
    this.#state = 'connecting';
    socket.on('open', () => {
      const { meeting } = this.#plan;
      const speaker = `speaker ${this.#index}`;
      const audio = { sampleRate: SAMPLE_RATE, encoding: 'pcm_s16le' };
      socket.send(JSON.stringify({ type: 'start', ...audio, meeting, speaker, partials, timing: true }));
    });
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('error', () => this.#countError('connection'));
    socket.on('close', (code) => {
      this.#closeCode = code;
      this.#state = 'closed';
      closed();
    });
  }

  #speak(nowMs: number): void {
    const { sounds } = this.#settings;
    // A stream that is not bound to the clock of speech goes on from here when it was held up.
    if (!this.inRealTime)
      this.#planZeroMs = Math.max(this.#planZeroMs, nowMs - (this.#nextMessage + 1) * this.#stepMs);
    const message = this.#nextMessage++;
    const { turns } = this.#plan;
    const startOf = (turn: number) => (turns[turn]?.startMs ?? Number.POSITIVE_INFINITY) / sounds.messageMs;
    while (
      message >=
      startOf(this.#turn) + (turns[this.#turn] ? sounds.messagesOf(turns[this.#turn]!.clip) : 0)
    )
      this.#turn++;
    const inTurn = message - startOf(this.#turn);
    const audio =
      inTurn >= 0
        ? sounds.speech(turns[this.#turn]!.clip, inTurn)
        : sounds.noise(message + Math.round(this.#plan.noiseMs / sounds.messageMs));
    this.#socket!.send(audio);
    if (this.#socket!.bufferedAmount > MAX_UNREAD_BYTES) {
      this.#countError('unread');
      this.#socket!.terminate();
    }
    if (this.#nextMessage >= this.#messages) this.#stop();
  }

  /** Leaves the waiting room unheard, as who has waited for too long does: no error of anybody's. */
  #giveUp(): void {
    this.#state = 'stopped';
    this.#socket!.close();
  }

  #stop(): void {
    this.#state = 'stopped';
    this.#socket!.send('{"type":"stop"}');
  }

  #isAhead(): boolean {
    if (this.inRealTime) return false;
    const sentMs = (this.#nextMessage - this.#firstMessage) * this.#settings.sounds.messageMs;

    return sentMs - this.#acknowledgedMs > this.#maxAheadMs;
  }

  #receive(data: Buffer): void {
    if (this.inRealTime && isOfNoUse(data)) return;
    const message = JSON.parse(data.toString()) as SpeakerServerMessage;
    switch (message.type) {
      case 'ready':
        this.#begin(message.maxBufferedMs);
        break;
      case 'partial':
      case 'final':
        this.#keep(message);
        break;
      case 'ack':
        this.#acknowledgedMs = message.acknowledgedMs;
        break;
      case 'waiting':
        this.#waited = true;
        break;
      case 'service': {
        const { level, reason } = message;
        this.#service.push({ level, reason, atMs: this.#settings.now() });
        break;
      }
      case 'error':
        this.#countError(message.code);
        break;
      case 'done':
        this.#done = message;
    }
  }

  #begin(maxBufferedMs: number): void {
    // Let in while on its way out of the waiting room.
    if (this.#state !== 'connecting') return;
    const nowMs = this.#settings.now();
    if (this.inRealTime) {
      this.#firstMessage = Math.max(0, Math.ceil((nowMs - this.#plan.joinMs) / this.#stepMs));
      this.#nextMessage = this.#firstMessage;
    } else this.#planZeroMs = Math.max(nowMs, this.#plan.joinMs);
    this.#maxAheadMs = maxBufferedMs * AHEAD;
    this.#admitted = true;
    this.#state = 'speaking';
  }

  #keep(message: PartialMessage | FinalMessage): void {
    const { now, heard, tailPaddingMs } = this.#settings;
    const { startMs, endMs } = message;
    const endpoint = message.type === 'final' ? message.endpoint : null;
    const spokenMs = this.#zeroMs + endMs;
    const speechEndMs = endpoint === 'silence' ? spokenMs - tailPaddingMs : spokenMs;
    const caption = {
      endpoint,
      spokenMs,
      delayMs: this.inRealTime ? now() - speechEndMs : Number.NaN,
      startMs,
      endMs,
      text: endpoint === null ? '' : message.text,
      timing: message.timing ?? null,
      steps: this.inRealTime ? this.#follow(message) : null,
    };
    this.#captions.push(caption);
    heard(caption);
  }

  #follow(message: PartialMessage | FinalMessage): ShownSteps | null {
    const nowMs = this.#settings.now();
    if (message.type === 'final') return this.#shown.final(message, this.#zeroMs, nowMs);
    this.#shown.partial(message, nowMs);

    return null;
  }

  #countError(code: string): void {
    this.#errors[code] = (this.#errors[code] ?? 0) + 1;
    this.#settings.failed();
  }
}

/** `ack` and `speech-started`: most of what comes, and nothing a stream in real time needs; not parsed. */
function isOfNoUse(data: Buffer): boolean {
  const [first, second] = [data[TYPE_AT], data[TYPE_AT + 1]];

  return first === 0x61 || (first === 0x73 && second === 0x70);
}
