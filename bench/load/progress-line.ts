/** Between two lines where the line before cannot be written over. */
const QUIET_MS = 10_000;

/** How a run goes: one line that is written over on a terminal, and one every ten seconds elsewhere. */
export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #isOpen = false;

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  /** @param text without a line's end. */
  show(text: string): void {
    if (this.#out.isTTY) {
      this.#out.write(`\r\u001b[K  ${text.slice(0, this.#out.columns - 3)}`);
      this.#isOpen = true;
    } else if (performance.now() - this.#saidAtMs >= QUIET_MS) {
      this.#saidAtMs = performance.now();
      this.#out.write(`  ${text}\n`);
    }
  }

  /** Writes a line that stays, above what is shown next. */
  note(text: string): void {
    this.end();
    this.#out.write(`  ${text}\n`);
  }

  /** Takes away what is shown. */
  end(): void {
    if (this.#isOpen) this.#out.write('\r\u001b[K');
    this.#isOpen = false;
  }
}
