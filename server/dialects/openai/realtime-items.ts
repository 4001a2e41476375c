import { randomBytes } from 'node:crypto';
import type { OpenaiError } from './openai-errors.ts';
import type { RealtimeShape } from './realtime-settings.ts';

/** Sends an event; it gets an id of its own. */
export type Emit = (event: { readonly type: string } & Readonly<Record<string, unknown>>) => void;

/** A name that nothing else has. */
export function newId(prefix: 'event' | 'item' | 'sess'): string {
  return `${prefix}_${randomBytes(12).toString('hex')}`;
}

/** What is told about items: each is a stretch of speech, from its beginning to its transcript. */
export class RealtimeItems {
  readonly #emit: Emit;
  readonly #shape: RealtimeShape;
  #previousId: string | null = null;

  constructor(emit: Emit, shape: RealtimeShape) {
    this.#emit = emit;
    this.#shape = shape;
  }

  speechStarted(id: string, atMs: number): void {
    this.#emit({ type: 'input_audio_buffer.speech_started', audio_start_ms: atMs, item_id: id });
  }

  speechStopped(id: string, atMs: number): void {
    this.#emit({ type: 'input_audio_buffer.speech_stopped', audio_end_ms: atMs, item_id: id });
  }

  /** Its audio is complete: it stands behind the one that was committed before. */
  committed(id: string): void {
    const previous = { previous_item_id: this.#previousId };
    const content = [{ type: 'input_audio', transcript: null }];
    const item = { id, object: 'realtime.item', type: 'message', status: 'completed', role: 'user', content };
    this.#previousId = id;
    this.#emit({ type: 'input_audio_buffer.committed', ...previous, item_id: id });
    for (const type of ITEM_EVENTS[this.#shape]) this.#emit({ type, ...previous, item });
  }

  /** More of its text. @param delta nothing is told of an empty one. */
  delta(id: string, delta: string): void {
    if (delta !== '') this.#transcription('delta', id, { delta });
  }

  /** @param transcript all of it, corrected. @param ms of its audio. */
  completed(id: string, transcript: string, ms: number): void {
    this.#transcription('completed', id, { transcript, usage: { type: 'duration', seconds: ms / 1000 } });
  }

  failed(id: string, error: OpenaiError): void {
    this.#transcription('failed', id, { error });
  }

  #transcription(step: 'delta' | 'completed' | 'failed', id: string, fields: object): void {
    const type = `conversation.item.input_audio_transcription.${step}`;
    this.#emit({ type, item_id: id, content_index: 0, ...fields });
  }
}

const ITEM_EVENTS: Readonly<Record<RealtimeShape, readonly string[]>> = {
  current: ['conversation.item.added', 'conversation.item.done'],
  beta: ['conversation.item.created'],
};
