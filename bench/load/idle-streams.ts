import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../server/failure.ts';
import type { IdleNews, IdleOrder } from './idle-messages.ts';

/** Compiled next to this module. */
const PROCESS = fileURLToPath(new URL('./idle-process.js', import.meta.url));
/** Files a process has open besides its sockets, generously. */
const OTHER_FILES = 200;

/** Streams that are connected and started, held by a process of their own. */
export class IdleStreams {
  readonly #child: ChildProcess;
  readonly #onOpen: (open: number) => void;
  #answer: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null = null;
  #lost: Failure | null = null;

  /** @param onOpen told now and then how many are open. */
  constructor(onOpen: (open: number) => void) {
    this.#onOpen = onOpen;
    this.#child = fork(PROCESS);
    this.#child.on('message', (news: IdleNews) => this.#hear(news));
    this.#child.once('exit', (code) => this.#fail(`The process that holds the streams ended with ${code}.`));
  }

  /**
   * Opens streams and waits until all are let in.
   * @param url of the server's speakers: `ws://host:port/v1/stream`.
   * @throws {Failure} when one of them is refused.
   */
  open(url: string, count: number, perSecond: number): Promise<void> {
    return this.#order({ type: 'open', url, count, perSecond });
  }

  /** Has every stream send digital silence in messages of this length, until they are closed. */
  sendSilence(messageMs: number): Promise<void> {
    return this.#order({ type: 'send-silence', messageMs });
  }

  /** Ends every stream as a speaker would; others can be opened after. @throws {Failure} when one had ended unasked. */
  close(): Promise<void> {
    return this.#order({ type: 'close' });
  }

  /** Ends the process. */
  end(): void {
    this.#child.removeAllListeners('exit');
    this.#child.kill();
  }

  #order(order: IdleOrder): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#child.send(order);
      if (this.#lost) reject(this.#lost);
    });
  }

  #hear(news: IdleNews): void {
    if (news.type === 'progress') this.#onOpen(news.open);
    else if (news.type === 'lost') this.#fail(`${news.reason}: idle streams have to stay.`);
    else this.#answer?.resolve();
  }

  #fail(sentence: string): void {
    this.#lost ??= new Failure(sentence);
    this.#answer?.reject(this.#lost);
  }
}

/** Most streams the processes of this bench may have open; null where the system does not say. */
export async function mostStreams(): Promise<number | null> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const files = /^Max open files\s+(\d+)/m.exec(limits)?.[1];

  return files === undefined ? null : Number(files) - OTHER_FILES;
}

/** @throws {Failure} that says what to do, when the system does not let a process have so many sockets. */
export function requireStreams(count: number, most: number | null): void {
  if (most === null || count <= most) return;
  throw new Failure(
    `${count} streams need as many open files in a process, and the system allows ${most + OTHER_FILES}, which is enough for ${Math.max(0, most)} streams: raise the limit with "ulimit -n ${count + OTHER_FILES}" and start again, or ask for fewer with --streams.`,
  );
}
