import { type ChildProcess, fork } from 'node:child_process';
import { Failure } from '../../server/failure.ts';
import type { SeenCaptions, ViewersNews, ViewersOrder } from './viewers-messages.ts';

/** Compiled: a process cannot run TypeScript. */
const PROCESS = new URL(
  `${import.meta.url.endsWith('.ts') ? '../../dist/bench/load' : '.'}/viewers-process.js`,
  import.meta.url,
);

/** Viewers of one meeting, held by a process of their own. */
export class Viewers {
  readonly #child: ChildProcess;
  readonly #onOpen: (open: number) => void;
  #answer: { readonly resolve: (news: ViewersNews) => void; readonly reject: (error: Error) => void } | null =
    null;
  #lost: Failure | null = null;

  /** @param onOpen told now and then how many are connected. */
  constructor(onOpen: (open: number) => void) {
    this.#onOpen = onOpen;
    this.#child = fork(PROCESS, { serialization: 'advanced' });
    this.#child.on('message', (news: ViewersNews) => this.#hear(news));
    this.#child.once('exit', (code) => this.#fail(`The process that holds the viewers ended with ${code}.`));
  }

  /** Connects viewers and waits until all are let in. @throws {Failure} when one of them is refused. */
  async open(url: string, count: number, perSecond: number): Promise<void> {
    await this.#order({ type: 'open', url, count, perSecond });
  }

  /** From here on it is measured what comes. @throws {Failure} when one has ended unasked. */
  async begin(): Promise<void> {
    await this.#order({ type: 'begin' });
  }

  /** What came since. @throws {Failure} when one has ended unasked. */
  async end(): Promise<SeenCaptions> {
    const news = await this.#order({ type: 'end' });
    if (news.type !== 'seen') throw new Error(`The process that holds the viewers answered ${news.type}.`);

    return news.seen;
  }

  /** Ends the process, and with it the viewers. */
  close(): void {
    this.#child.removeAllListeners('exit');
    this.#child.kill();
  }

  #order(order: ViewersOrder): Promise<ViewersNews> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#child.send(order);
      if (this.#lost) reject(this.#lost);
    });
  }

  #hear(news: ViewersNews): void {
    if (news.type === 'progress') this.#onOpen(news.open);
    else if (news.type === 'lost') this.#fail(`${news.reason}: viewers have to stay.`);
    else this.#answer?.resolve(news);
  }

  #fail(sentence: string): void {
    this.#lost ??= new Failure(sentence);
    this.#answer?.reject(this.#lost);
  }
}
