/** An event that a server sent. */
export interface ServerEvent {
  /** `message` where the server does not say. */
  readonly name: string;
  readonly data: string;
}

/**
 * Takes server-sent events out of a text that comes in pieces. `EventSource` does so too, but sets no headers, and a key has no
 * place in an address.
 *
 * WHATWG HTML, 9.2.6 "Interpreting an event stream", without ids, which this server's events of recordings have none of.
 */
export class EventReader {
  #rest = '';
  #name = '';
  #data: string[] = [];

  /** @returns the events that are complete with this piece. */
  read(piece: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop()!;
    for (const line of lines) {
      if (line !== '') this.#take(line);
      else if (this.#data.length > 0) events.push(this.#end());
      else this.#name = '';
    }

    return events;
  }

  #take(line: string): void {
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (field === 'event') this.#name = value ?? '';
    if (field === 'data') this.#data.push(value ?? '');
  }

  #end(): ServerEvent {
    const event = { name: this.#name || 'message', data: this.#data.join('\n') };
    this.#name = '';
    this.#data = [];

    return event;
  }
}
