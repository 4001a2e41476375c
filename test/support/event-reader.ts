import type { ServerMessage } from '../../client-sdk/protocol.ts';

/** One event of a stream. */
export interface ReadEvent {
  readonly event: string;
  /** '' for one without. */
  readonly id: string;
  readonly data: ServerMessage;
}

/** Reads server-sent events by the rules of their specification. */
export class EventReader {
  readonly #abort = new AbortController();
  readonly #events: ReadEvent[] = [];
  readonly #waiting = new Set<() => void>();
  /** Lines that say nothing to programs. */
  comments = 0;
  #ended = false;

  /** @throws {Error} when the answer is no stream of events. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<EventReader> {
    const reader = new EventReader();
    const response = await fetch(url, { headers, signal: reader.#abort.signal });
    const type = response.headers.get('content-type');
    if (!response.ok || type !== 'text/event-stream; charset=utf-8')
      throw new Error(`${url} answers ${response.status} with ${type}.`);
    void reader.#read(response.body!).catch(() => reader.#end());

    return reader;
  }

  all(): readonly ReadEvent[] {
    return this.#events;
  }

  /** The first event of a kind, waiting for it if need be. @throws when the stream ends without one. */
  async next(event: string): Promise<ReadEvent> {
    for (;;) {
      const found = this.#events.find((each) => each.event === event);
      if (found) return found;
      if (this.#ended) throw new Error(`The stream ended without ${event}.`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves when the server ends the stream. */
  async ended(): Promise<void> {
    while (!this.#ended) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        this.#take(text.slice(0, end).split('\n'));
        text = text.slice(end + 2);
      }
      this.#wake();
    }
    this.#end();
  }

  #take(lines: readonly string[]): void {
    const field = (name: string) =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    this.comments += lines.filter((line) => line.startsWith(':')).length;
    const data = field('data');
    if (data === undefined) return;
    this.#events.push({ event: field('event') ?? 'message', id: field('id') ?? '', data: JSON.parse(data) });
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }
}
