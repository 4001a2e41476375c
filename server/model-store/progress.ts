import { SingleBar } from 'cli-progress';

/** Follows one model's download. */
export interface Progress {
  /** Called once, before anything is fetched; not at all when nothing has to be. */
  start(model: string, totalBytes: number): void;
  /** More than was said at the start: the size of a file nobody had published it of. */
  expect(bytes: number): void;
  /** Bytes that arrived; negative when a failed attempt's bytes are thrown away. */
  advance(bytes: number): void;
  /** A sentence about something unusual, such as a retry. */
  note(sentence: string): void;
  /** Called once after `start`. */
  finish(outcome: 'done' | 'failed'): void;
}

/** Says nothing. */
export const silentProgress: Progress = {
  start() {},
  expect() {},
  advance() {},
  note() {},
  finish() {},
};

/** A bar where `stream` is a terminal, plain lines elsewhere. */
export function streamProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? new BarProgress(stream) : new LineProgress(stream);
}

/** Bytes in megabytes (10⁶), with one decimal. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A bar on a terminal. */
class BarProgress implements Progress {
  readonly #bar: SingleBar;
  readonly #stream: NodeJS.WriteStream;
  #doneBytes = 0;
  #totalBytes = 0;
  #model = '';

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#bar = new SingleBar({
      stream,
      format: '{model} [{bar}] {percentage} % of {size}',
      barsize: 30,
      // The cursor stays as it is, so that nothing has to be restored after kill -9.
      hideCursor: null,
      linewrap: null,
    });
  }

  start(model: string, totalBytes: number): void {
    this.#model = model;
    this.#totalBytes = totalBytes;
    this.#resume();
  }

  expect(bytes: number): void {
    this.#totalBytes += bytes;
    this.#bar.setTotal(this.#totalBytes);
    this.#bar.update({ size: megabytes(this.#totalBytes) });
  }

  advance(bytes: number): void {
    this.#doneBytes += bytes;
    this.#bar.update(this.#doneBytes);
  }

  note(sentence: string): void {
    this.#bar.stop();
    this.#stream.write(`${sentence}\n`);
    this.#resume();
  }

  finish(outcome: 'done' | 'failed'): void {
    if (outcome === 'done') this.#bar.update(this.#totalBytes);
    this.#bar.stop();
  }

  #resume(): void {
    this.#bar.start(this.#totalBytes, this.#doneBytes, {
      model: this.#model,
      size: megabytes(this.#totalBytes),
    });
  }
}

/** Lines for logs and pipes: one at the start, one per tenth, one at the end. */
export class LineProgress implements Progress {
  readonly #stream: { write(text: string): unknown };
  #model = '';
  #totalBytes = 0;
  #doneBytes = 0;
  #printedTenths = 0;

  constructor(stream: { write(text: string): unknown }) {
    this.#stream = stream;
  }

  start(model: string, totalBytes: number): void {
    this.#model = model;
    this.#totalBytes = totalBytes;
    this.#line(totalBytes > 0 ? `fetching ${megabytes(totalBytes)}` : 'fetching');
  }

  expect(bytes: number): void {
    this.#totalBytes += bytes;
  }

  advance(bytes: number): void {
    this.#doneBytes += bytes;
    const tenths = Math.floor((10 * this.#doneBytes) / this.#totalBytes);
    // The tenth tenth is the last line's.
    if (tenths <= this.#printedTenths || tenths >= 10) return;
    this.#printedTenths = tenths;
    this.#line(`${tenths * 10} %`);
  }

  note(sentence: string): void {
    this.#line(sentence);
  }

  finish(outcome: 'done' | 'failed'): void {
    if (outcome === 'done') this.#line('done');
  }

  #line(text: string): void {
    this.#stream.write(`${this.#model}: ${text}\n`);
  }
}
