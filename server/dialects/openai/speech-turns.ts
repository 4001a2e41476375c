import type { FinalMessage, PartialMessage, SpeechStartedMessage } from '../../../client-sdk/protocol.ts';
import { DeltaText } from '../delta-text.ts';
import type { OpenaiError } from './openai-errors.ts';
import { PartialsInOrder } from './partials-in-order.ts';
import { newId, type RealtimeItems } from './realtime-items.ts';
import { SLACK_MS, type Turns } from './turns.ts';

interface Turn {
  readonly id: string;
  readonly startMs: number;
  readonly text: DeltaText;
  /** As far as it is known. */
  endMs: number;
  isCommitted: boolean;
}

/** Something the client asked for, until all audio before it has been heard. */
interface Request {
  readonly kind: 'commit' | 'clear';
  readonly atMs: number;
  /** Whether a turn has ended by it. */
  isAnswered: boolean;
}

/** Turns that end where the speaker pauses: every segment of the stream is an item. */
export class SpeechTurns implements Turns {
  readonly #items: RealtimeItems;
  /** Open ones by segment. */
  readonly #turns = new Map<number, Turn>();
  readonly #partials = new PartialsInOrder((partial) => this.#tell(partial));
  readonly #requests: Request[] = [];
  readonly #prefixPaddingMs: number;
  #clearedMs = Number.NEGATIVE_INFINITY;
  committedMs = 0;

  /** @param prefixPaddingMs so much of what was before its speech may belong to a segment. */
  constructor(items: RealtimeItems, prefixPaddingMs: number) {
    this.#items = items;
    this.#prefixPaddingMs = prefixPaddingMs;
  }

  speechStarted({ segmentId, atMs }: SpeechStartedMessage): void {
    // Whether it began before a clear or behind it shows with its first words.
    if (!this.#isClearing) this.#open(segmentId, atMs);
  }

  partial(message: PartialMessage): void {
    if (!this.#isCleared(message)) this.#partials.partial(message);
  }

  final(message: FinalMessage): void {
    const { segmentId, startMs, endMs, text, endpoint } = message;
    this.#endBefore(segmentId, startMs);
    if (!this.#isCleared(message)) {
      const turn = this.#open(segmentId, startMs);
      this.#commit(turn, endMs);
      this.#items.delta(turn.id, turn.text.extend(text));
      this.#items.completed(turn.id, text, endMs - startMs);
      if (endpoint === 'flush') this.#answered();
    }
    this.#over(segmentId);
  }

  lost(segmentId: number, error: OpenaiError): void {
    this.#endBefore(segmentId, this.committedMs);
    // One that goes on where another was cut may have shown nothing yet; one that was cleared is not missed.
    const turn =
      this.#turns.get(segmentId) ?? (this.#isClearing ? null : this.#open(segmentId, this.committedMs));
    if (turn) {
      this.#commit(turn, turn.endMs);
      this.#items.failed(turn.id, error);
    }
    this.#over(segmentId);
  }

  settled(atMs: number): void {
    for (const [segmentId, { startMs }] of [...this.#turns])
      if (startMs < atMs) this.#endWithoutWords(segmentId, atMs);
  }

  commit(atMs: number): void {
    this.#requests.push({ kind: 'commit', atMs, isAnswered: false });
  }

  clear(atMs: number): void {
    this.#requests.push({ kind: 'clear', atMs, isAnswered: false });
    this.#clearedMs = atMs;
    for (const [segmentId, { isCommitted }] of [...this.#turns])
      if (!isCommitted) this.#turns.delete(segmentId);
  }

  reached(): void {
    const request = this.#requests.shift();
    if (!request) return;
    const { kind, atMs } = request;
    // What was said behind it begins no earlier.
    for (const [segmentId, { startMs }] of [...this.#turns])
      if (startMs < atMs - this.#prefixPaddingMs) {
        this.#endWithoutWords(segmentId, atMs);
        request.isAnswered = true;
      }
    if (kind === 'commit' && !request.isAnswered) {
      const id = newId('item');
      this.#items.committed(id);
      this.#items.completed(id, '', Math.max(0, atMs - this.committedMs));
    }
    this.committedMs = Math.max(this.committedMs, atMs);
  }

  #tell({ segmentId, startMs, endMs, text, stableChars }: PartialMessage): void {
    const turn = this.#open(segmentId, startMs);
    turn.endMs = endMs;
    this.#items.delta(turn.id, turn.text.extend(text.slice(0, stableChars)));
  }

  #open(segmentId: number, startMs: number): Turn {
    const present = this.#turns.get(segmentId);
    if (present) return present;
    // Nobody goes on in one turn once the next has begun.
    for (const before of this.#turns.values()) this.#commit(before, Math.max(before.endMs, startMs));
    const turn = {
      ...{ id: newId('item'), startMs, endMs: startMs },
      ...{ text: new DeltaText(), isCommitted: false },
    };
    this.#turns.set(segmentId, turn);
    this.#partials.began(segmentId, startMs);
    this.#items.speechStarted(turn.id, startMs);

    return turn;
  }

  #commit(turn: Turn, endMs: number): void {
    if (turn.isCommitted) return;
    turn.isCommitted = true;
    this.committedMs = Math.max(this.committedMs, endMs);
    this.#items.speechStopped(turn.id, endMs);
    this.#items.committed(turn.id);
  }

  /** Segments end in their order: what is open before this one has ended without a word. */
  #endBefore(segmentId: number, atMs: number): void {
    for (const earlier of [...this.#turns.keys()])
      if (earlier < segmentId) this.#endWithoutWords(earlier, atMs);
  }

  /** @param atMs it has ended by then; where, nobody told. */
  #endWithoutWords(segmentId: number, atMs: number): void {
    const turn = this.#turns.get(segmentId)!;
    this.#commit(turn, Math.max(atMs, turn.endMs));
    this.#items.completed(turn.id, '', Math.max(atMs, turn.endMs) - turn.startMs);
    this.#over(segmentId);
  }

  #over(segmentId: number): void {
    this.#turns.delete(segmentId);
    this.#partials.ended(segmentId);
  }

  get #isClearing(): boolean {
    return this.#requests.some(({ kind }) => kind === 'clear');
  }

  #answered(): void {
    const commit = this.#requests.find(({ kind, isAnswered }) => kind === 'commit' && !isAnswered);
    if (commit) commit.isAnswered = true;
  }

  #isCleared({ endMs }: { readonly endMs: number }): boolean {
    return endMs <= this.#clearedMs + SLACK_MS;
  }
}
