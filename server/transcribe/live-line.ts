/** Shows the caption that is being spoken on one line of a terminal, over and over; nothing elsewhere. */
export class LiveLine {
  readonly #stream: NodeJS.WriteStream;
  #shown = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /**
   * Shows the end of `text`, as much of it as the line holds, dimmed.
   * @param text without control characters.
   */
  show(text: string): void {
    if (!this.#stream.isTTY) return;
    const room = Math.max(10, (this.#stream.columns || 80) - 3);
    const tail = text.length > room ? `…${text.slice(1 - room)}` : text;
    const dimmed = process.env.NO_COLOR === undefined ? `\x1b[2m${tail}\x1b[22m` : tail;
    this.#stream.write(`\r\x1b[2K${dimmed}`);
    this.#shown = true;
  }

  /** Makes room for a line that stays. */
  clear(): void {
    if (this.#shown) this.#stream.write('\r\x1b[2K');
    this.#shown = false;
  }
}
