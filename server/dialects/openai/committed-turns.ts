import { blankBetween, joinCaptions } from '../../../client-sdk/captions/join-captions.ts';
import type { FinalMessage, PartialMessage, SpeechStartedMessage } from '../../../client-sdk/protocol.ts';
import { DeltaText } from '../delta-text.ts';
import type { OpenaiError } from './openai-errors.ts';
import { PartialsInOrder } from './partials-in-order.ts';
import { newId, type RealtimeItems } from './realtime-items.ts';
import { SLACK_MS, type Turns } from './turns.ts';

interface Turn {
  readonly id: string;
  readonly fromMs: number;
  /** Infinity until it is committed or cleared. */
  untilMs: number;
  isCleared: boolean;
  /** Of its segments that are final. */
  readonly texts: string[];
  loss: OpenaiError | null;
  /** Of the segment that is told of. */
  told: { readonly segmentId: number; readonly text: DeltaText; isBegun: boolean } | null;
  lastDelta: string;
}

/** Turns that end where the client says so: the segments between two commits are one item. */
export class CommittedTurns implements Turns {
  readonly #items: RealtimeItems;
  /** Never empty; the last one is not committed. */
  readonly #turns: Turn[] = [newTurn(0)];
  readonly #partials = new PartialsInOrder((partial) => this.#tell(partial));

  constructor(items: RealtimeItems) {
    this.#items = items;
  }

  get committedMs(): number {
    return this.#turns.at(-1)!.fromMs;
  }

  /** Clients that end turns themselves are not told. */
  speechStarted({ segmentId, atMs }: SpeechStartedMessage): void {
    this.#partials.began(segmentId, atMs);
  }

  partial(message: PartialMessage): void {
    this.#partials.partial(message);
  }

  final({ segmentId, endMs, text }: FinalMessage): void {
    const turn = this.#turnOf(endMs);
    this.#append(turn, segmentId, text);
    if (text !== '') turn.texts.push(text);
    this.#partials.ended(segmentId);
  }

  lost(segmentId: number, error: OpenaiError): void {
    // Segments end in their order: it belongs to the first turn that is not complete.
    this.#turns[0]!.loss = error;
    this.#partials.ended(segmentId);
  }

  settled(atMs: number): void {
    this.#partials.settled(atMs);
  }

  commit(atMs: number): void {
    this.#items.committed(this.#end(atMs).id);
  }

  clear(atMs: number): void {
    this.#end(atMs).isCleared = true;
  }

  reached(): void {
    const { id, fromMs, untilMs, isCleared, texts, loss } = this.#turns.shift()!;
    if (isCleared) return;
    if (loss) this.#items.failed(id, loss);
    if (texts.length > 0 || !loss) this.#items.completed(id, joinCaptions(texts), untilMs - fromMs);
  }

  #tell({ segmentId, endMs, text, stableChars }: PartialMessage): void {
    this.#append(this.#turnOf(endMs), segmentId, text.slice(0, stableChars));
  }

  #append(turn: Turn, segmentId: number, text: string): void {
    if (turn.isCleared) return;
    if (turn.told?.segmentId !== segmentId) turn.told = { segmentId, text: new DeltaText(), isBegun: false };
    const { told } = turn;
    const delta = told.text.extend(text);
    if (delta === '') return;
    this.#items.delta(turn.id, told.isBegun ? delta : blankBetween(turn.lastDelta, delta) + delta);
    told.isBegun = true;
    turn.lastDelta = delta;
  }

  /** A commit ends the segment that is open: none reaches beyond it. */
  #turnOf(endMs: number): Turn {
    return this.#turns.find(({ untilMs }) => endMs <= untilMs + SLACK_MS)!;
  }

  #end(atMs: number): Turn {
    const turn = this.#turns.at(-1)!;
    turn.untilMs = atMs;
    this.#turns.push(newTurn(atMs));

    return turn;
  }
}

function newTurn(fromMs: number): Turn {
  return {
    ...{ id: newId('item'), fromMs, untilMs: Number.POSITIVE_INFINITY, isCleared: false },
    ...{ texts: [], loss: null, told: null, lastDelta: '' },
  };
}
